import json
import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from threads_pipelines.dataset.row_ids import row_ids
from threads_pipelines.population.authors import draw_authors, zipf_exponent
from threads_pipelines.population.behaviour.clock import DayClock
from threads_pipelines.population.behaviour.funnel import BATCH_MS, client_batch
from threads_pipelines.population.behaviour.marginals import Quantiles, apportion
from threads_pipelines.population.behaviour.meeting import meet
from threads_pipelines.population.behaviour.replies import draw_replies
from threads_pipelines.population.generate import Population
from threads_pipelines.population.settings import AccountSettings, PopulationSettings
from threads_pipelines.population.streams import stream

HOUR = 3_600_000


def test_row_ids_are_distinct_uuids_of_version_8() -> None:
    ids = row_ids("test", "like", np.arange(20_000), np.arange(20_000) % 7)
    assert len(np.unique(ids)) == 20_000
    for text in ids[:50].astype(str):
        parsed = uuid.UUID(text)
        assert (str(parsed), parsed.version, parsed.variant) == (text, 8, uuid.RFC_4122)


def test_row_ids_can_begin_with_a_time() -> None:
    at = np.array([1_700_000_000_000, 1_700_000_000_000, 1_700_000_000_001])
    ids = [uuid.UUID(one.decode()) for one in row_ids("test", "like", np.arange(3), at=at)]
    assert [one.int >> 80 for one in ids] == at.tolist()
    assert len({one.int & ((1 << 80) - 1) for one in ids}) == 3
    assert all(one.version == 8 and one.variant == uuid.RFC_4122 for one in ids)


def test_row_ids_depend_on_everything_that_names_the_row() -> None:
    one, two = np.array([1]), np.array([2])
    ids = {
        row_ids("a", "like", one, two)[0],
        row_ids("a", "like", two, one)[0],
        row_ids("a", "follow", one, two)[0],
        row_ids("b", "like", one, two)[0],
    }
    assert len(ids) == 4
    assert row_ids("a", "like", one, two)[0] == row_ids("a", "like", one, two)[0]


def test_streams_differ_by_name_and_seed() -> None:
    draws = {stream(seed, name).integers(2**60) for seed in (1, 2) for name in ("a", "b")}
    assert len(draws) == 4
    assert stream(1, "a").integers(2**60) in draws


@given(
    weights=st.lists(st.floats(0, 1e6), min_size=1, max_size=50),
    total=st.integers(0, 5_000),
    lower=st.integers(0, 3),
    room=st.integers(0, 200),
)
def test_apportion_keeps_sum_and_bounds(
    weights: list[float], total: int, lower: int, room: int
) -> None:
    upper, n = lower + room, len(weights)
    counts = apportion(np.array(weights), total, lower, upper, np.random.default_rng(0))
    assert counts.sum() == min(max(total, n * lower), n * upper)
    assert (counts >= lower).all()
    assert (counts <= upper).all()


def test_apportion_is_proportional() -> None:
    counts = apportion(np.array([1.0, 2.0, 5.0]), 80, 0, 100, np.random.default_rng(0))
    assert counts.tolist() == [10, 20, 50]


def test_quantiles_are_log_linear_between_knots() -> None:
    knots = Quantiles(p=(0, 0.5, 1), value=(1, 100, 100))
    assert knots.at(np.array([0, 0.25, 0.5, 1])) == pytest.approx([1, 10, 100, 100])
    assert knots.at_score(np.array([0.0])) == pytest.approx([100])


def test_weights_decide_who_gets_which_value_and_nothing_else() -> None:
    knots = Quantiles(p=(0, 0.5, 1), value=(1, 10, 1000))
    rng = np.random.default_rng(0)
    weight = np.repeat([1.0, 3.0], 2_000)
    value = knots.favouring(weight, rng)
    for p in (0.1, 0.5, 0.9):
        assert np.quantile(value, p) == pytest.approx(knots.at(np.array([p]))[0], rel=0.02)
    ratio = np.exp(np.log(value[2_000:]).mean() - np.log(value[:2_000]).mean())
    assert ratio == pytest.approx(3, rel=0.3)


@pytest.mark.parametrize(
    ("p", "value"),
    [((0, 1), (2, 1)), ((0.1, 1), (1, 2)), ((0, 0.5, 0.5, 1), (1, 1, 1, 1)), ((0, 1), (1, 2, 3))],
)
def test_wrong_quantiles_are_refused(p: tuple[float, ...], value: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError):
        Quantiles(p=p, value=value)


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(ValidationError, match="user_count"):
        PopulationSettings.model_validate({"user_count": 3})


@given(end=st.integers(0, 48), window=st.floats(0.5, 200), amplitude=st.floats(0, 0.99))
def test_clock_is_monotone_and_keeps_the_window(end: int, window: float, amplitude: float) -> None:
    clock = DayClock(10**12 + end * HOUR, window, amplitude, 19.0)
    at = clock.to_epoch_ms(np.linspace(0, window, 500))
    assert (np.diff(at) >= 0).all()
    assert at[-1] == clock.end_ms
    assert at[0] == pytest.approx(clock.end_ms - window * HOUR, abs=1)


def test_clock_is_busiest_at_the_peak() -> None:
    clock = DayClock(40 * 24 * HOUR, 30 * 24, 0.35, 19.0)
    hour = clock.to_epoch_ms(np.linspace(0, 30 * 24, 100_000)) // HOUR % 24
    counts = np.bincount(hour, minlength=24)
    assert counts.argmax() in (18, 19)
    assert counts.max() / counts.min() == pytest.approx(1.35 / 0.65, rel=0.05)


def test_client_batches_come_every_five_seconds() -> None:
    at = np.arange(0, 100_000, 333)
    user = np.full(len(at), 7, np.int32)
    batch = client_batch(user, at, 10**9)
    assert ((batch - at >= 0) & (batch - at < BATCH_MS)).all()
    assert set(np.diff(np.unique(batch))) == {BATCH_MS}
    assert (client_batch(user, at, 50_000) <= 50_000).all()


def test_ten_percent_of_the_accounts_write_eighty_percent() -> None:
    exponent = zipf_exponent(1_000, 0.1, 0.8)
    weight = np.arange(1, 1_001) ** -exponent
    assert weight[:100].sum() / weight.sum() == pytest.approx(0.8, abs=1e-6)
    author = draw_authors(
        np.zeros(50_000, np.int32),
        np.ones((1_000, 1)),
        np.ones(1_000),
        AccountSettings(),
        np.random.default_rng(0),
    )
    written = np.sort(np.bincount(author, minlength=1_000))[::-1]
    assert written[:100].sum() / written.sum() == pytest.approx(0.8, abs=0.02)


def test_whoever_does_not_write_is_no_author() -> None:
    posting = np.array([0.0, 1.0, 0.0])
    author = draw_authors(
        np.zeros(100, np.int32),
        np.ones((3, 1)),
        posting,
        AccountSettings(),
        np.random.default_rng(0),
    )
    assert set(author) == {1}


def test_everyone_meets_the_post_on_what_they_like() -> None:
    taste = np.array([[0, -8], [0, -8], [-8, 0], [-8, 0], [0, 0]], np.float32)
    user, post, _ = meet(
        visitor=np.array([0, 2, 1, 3], np.int32),
        visit_at=np.array([1.0, 1.1, 1.2, 1.3]),
        arrival_post=np.array([0, 0, 1, 1], np.int32),
        arrival_at=np.array([0.5, 1.5, 0.5, 1.5]),
        born=np.array([0.5, 0.5]),
        half_life=np.array([1.0, 1.0]),
        author=np.array([4, 4], np.int32),
        taste=taste,
        topic=np.array([0, 1], np.int32),
        rng=np.random.default_rng(0),
    )
    assert dict(zip(user.tolist(), post.tolist(), strict=True)) == {0: 0, 1: 0, 2: 1, 3: 1}


def test_metadata_is_what_the_app_writes(population: Population) -> None:
    rows = population.interactions
    texts = rows.metadata_values[rows.metadata]
    for kind, keys in (
        (0, {"duration", "scroll_depth", "source"}),
        (1, {"source"}),
        (2, {"source"}),
        (3, {"source", "method"}),
    ):
        values = [json.loads(text) for text in texts[rows.kind == kind][:500]]
        assert any(value is None for value in values) or kind == 3
        for value in filter(None, values):
            assert set(value) == keys
            assert 0 <= value.get("scroll_depth", 0) <= 100
            assert value.get("duration", 1) > 0
    assert 0.005 < np.mean(texts == "null") < 0.05


def test_replies_suit_the_topic() -> None:
    replies = draw_replies(
        np.array([0, 1] * 200, np.int32), ("unheard of", "food"), np.random.default_rng(0)
    )
    assert "Now I'm hungry." in replies[1::2]
    assert "Now I'm hungry." not in replies[::2]
