import math

import numpy as np
import pytest

from threads_pipelines.population.generate import Population
from threads_pipelines.population.realism import distributions
from threads_pipelines.population.realism import statistics as realism
from threads_pipelines.population.realism.statistics import FeedEvents
from threads_pipelines.population.realism.table import as_markdown, compare, events_of


def of_one_user(*at: int) -> FeedEvents:
    return FeedEvents(np.zeros(len(at), int), np.arange(len(at)), np.array(at))


def test_first_events_keeps_the_earliest_of_each_pair() -> None:
    events = realism.first_events(
        np.array([1, 0, 1, 1]), np.array([5, 5, 5, 6]), np.array([30, 10, 20, 40])
    )
    assert (events.user.tolist(), events.post.tolist(), events.at.tolist()) == (
        [0, 1, 1],
        [5, 5, 6],
        [10, 20, 40],
    )


def test_gini_and_top_share() -> None:
    assert distributions.gini(np.array([1, 1, 1, 1])) == 0
    assert distributions.gini(np.array([0, 0, 0, 8])) == pytest.approx(0.75)  # (n - 1) / n
    assert distributions.top_share(np.array([1, 1, 1, 1, 1, 1, 1, 1, 1, 11]), 0.1) == pytest.approx(
        0.55
    )


def test_tail_exponent_of_a_pareto_sample() -> None:
    rng = np.random.default_rng(3)
    counts = np.floor(10 * (1 - rng.random(50_000)) ** (-1 / 1.5))
    assert distributions.tail_exponent(counts) == pytest.approx(2.5, abs=0.1)
    assert math.isnan(distributions.tail_exponent(np.array([1.0, 2.0])))


def test_gaps_ages_and_half_lives() -> None:
    events = FeedEvents(
        np.array([0, 0, 1, 1]), np.array([7, 8, 7, 8]), np.array([0, 3600, 7200, 9000])
    )
    assert sorted(realism.gaps_hours(events)) == [0.5, 1.0]
    assert sorted(realism.event_ages_hours(events)) == [0.0, 0.0, 1.5, 2.0]
    assert realism.half_lives_hours(events, minimum=2).tolist() == [1.0, 0.75]
    assert len(realism.half_lives_hours(events, minimum=3)) == 0


def test_burstiness_of_hand_computed_sequences() -> None:
    regular, _ = realism.burstiness_and_memory(of_one_user(0, 10, 20, 30, 40))
    assert regular == pytest.approx([-1.0])
    # Gaps 1, 1, 1, 97: mean 25, standard deviation 24 * sqrt(3); r = 1.6628, 4 gaps.
    r, n = 24 * math.sqrt(3) / 25, 4
    expected = (math.sqrt(n + 1) * r - math.sqrt(n - 1)) / (
        (math.sqrt(n + 1) - 2) * r + math.sqrt(n - 1)
    )
    bursty, memory = realism.burstiness_and_memory(of_one_user(0, 1, 2, 3, 100))
    assert bursty == pytest.approx([expected])
    assert bursty[0] == pytest.approx(0.9348, abs=1e-3)
    assert len(memory) == 0  # the gaps but the last do not vary


def test_memory_of_alternating_gaps_is_minus_one() -> None:
    _, memory = realism.burstiness_and_memory(of_one_user(0, 1, 10, 11, 20, 21))
    assert memory == pytest.approx([-1.0])


def test_poisson_events_are_neither_bursty_nor_regular() -> None:
    rng = np.random.default_rng(1)
    at = np.cumsum(rng.exponential(1e6, (4_000, 12)), axis=1).astype(np.int64)
    user = np.repeat(np.arange(4_000), 12)
    burstiness, memory = realism.burstiness_and_memory(
        FeedEvents(user, np.arange(user.size), at.ravel())
    )
    assert np.mean(burstiness) == pytest.approx(0, abs=0.04)
    assert np.mean(memory) == pytest.approx(-0.1, abs=0.05)  # -1/n for short sequences


def test_ks_distance() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert distributions.ks_distance(x, x) == 0
    assert distributions.ks_distance(x, x + 2) == 0.5
    assert distributions.ks_distance(x, x + 10) == 1
    assert distributions.ks_distance(x, np.zeros(0)) == 1


def test_table_of_the_default_population(population: Population) -> None:
    events = events_of(population.interactions)
    rows = {row.statistic: row for row in compare(events)}
    text = as_markdown(tuple(rows.values()))
    assert text.count("\n") == len(rows) + 1
    assert "nan" not in text
    assert 0.3 < float(rows["gap: median, hours"].generated) < 4
    assert 2 < float(rows["gap: standard deviation of ln"].generated) < 3
    assert 0.1 < float(rows["burstiness: median"].generated) < 0.5
    assert 0.3 < float(rows["activity: Gini"].generated) < 0.7
    assert 1.5 < float(rows["busiest to quietest hour"].generated) < 4


def test_table_of_nothing() -> None:
    none = np.zeros(0, np.int64)
    assert all(row.statistic for row in compare(FeedEvents(none, none, none)))
