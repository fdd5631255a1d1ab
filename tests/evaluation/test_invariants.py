from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from tests.evaluation.build import snapshot
from threads_pipelines.dataset.rows_by_id import rows_of_ids
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.evaluation import baselines
from threads_pipelines.evaluation.invariants import CHECKS, check_rows

TRAIN = snapshot(
    [(0, 0, 5), (1, 1, 5)],
    n_users=3,
    n_posts=6,
    author=[-1, -1, -1, 2, -1, -1],
    candidate=[True, True, True, True, True, False],
)
USERS = np.arange(3, dtype=np.int32)
FEEDS = baselines.popularity(TRAIN, USERS, 3)


def changed(**columns: list[float]) -> ScoredRows:
    """The feeds with the first values of some columns replaced."""
    new = {}
    for name, values in columns.items():
        column = getattr(FEEDS, name).copy()
        column[: len(values)] = values
        new[name] = column
    return replace(FEEDS, **new)


def without(keep: Callable[[ScoredRows], np.ndarray]) -> ScoredRows:
    kept = keep(FEEDS)
    return ScoredRows(*(getattr(FEEDS, name)[kept] for name in FEEDS.__dataclass_fields__))


def test_good_feeds_pass_in_any_number_of_chunks() -> None:
    chunks = [without(lambda r, u=u: r.user == u) for u in range(3)]  # type: ignore[misc]
    for parts in ([FEEDS], chunks):
        result = check_rows(parts, TRAIN, 3)
        assert result.passed, result.summary()
        assert (result.rows, result.users, result.short) == (9, 3, 0)
        assert result.examples == {}


def test_a_short_feed_is_right_where_no_more_posts_are_left() -> None:
    result = check_rows([baselines.popularity(TRAIN, USERS, 5)], TRAIN, 5)
    assert result.passed, result.summary()
    assert result.short == 3


@pytest.mark.parametrize(
    ("rows", "fault", "count", "example"),
    [
        (changed(score=[np.nan]), "score", 1, "'u000'"),
        (changed(score=[1.5]), "score", 1, "'u000'"),
        (changed(post=[0]), "seen", 1, "'p000'"),
        (changed(post=[5]), "candidate", 1, "'p005'"),
        (changed(post=[1, 1]), "duplicate", 1, "'p001'"),
        (changed(rank=[2]), "order", 2, "rank 2"),
        (changed(score=[0.1]), "order", 1, "rank 2"),
        (without(lambda r: ~((r.user == 1) & (r.rank == 3))), "size", 1, "'u001'"),
        (without(lambda r: r.user != 1), "coverage", 1, "'u001'"),
    ],
)
def test_every_fault_is_found_and_named(
    rows: ScoredRows, fault: str, count: int, example: str
) -> None:
    result = check_rows([rows], TRAIN, 3)
    assert not result.passed
    assert {check: n for check, n in result.counts.items() if n} == {fault: count}
    assert example in result.examples[fault][0]
    assert CHECKS[fault] in result.summary()


def test_own_posts_are_found() -> None:
    rows = replace(FEEDS, post=np.where((FEEDS.user == 2) & (FEEDS.rank == 1), 3, FEEDS.post))
    assert check_rows([rows], TRAIN, 3).counts["own"] == 1


def test_feeds_for_people_who_receive_none_and_the_other_way_round() -> None:
    nobody = replace(TRAIN, users=replace(TRAIN.users, receives=np.array([True, True, False])))
    result = check_rows([FEEDS], nobody, 3)
    assert {c: n for c, n in result.counts.items() if n} == {"receiver": 1}
    assert check_rows([], TRAIN, 3).counts["coverage"] == 3


def test_a_user_may_not_be_spread_over_chunks() -> None:
    rest, first = without(lambda r: r.rank > 1), without(lambda r: r.rank == 1)
    assert check_rows([first, rest], TRAIN, 3).counts["split_user"] == 3


def test_only_the_first_few_examples_are_kept() -> None:
    result = check_rows([replace(FEEDS, score=np.full(9, 2.0))], TRAIN, 3)
    assert result.counts["score"] == 9
    assert len(result.examples["score"]) == 5


def test_rows_named_by_id() -> None:
    users, posts = TRAIN.users.ids[FEEDS.user], TRAIN.posts.ids[FEEDS.post]
    rows = rows_of_ids(TRAIN, users, posts, FEEDS.score, FEEDS.rank)
    assert check_rows([rows], TRAIN, 3).passed
    with pytest.raises(KeyError, match="p999"):
        rows_of_ids(TRAIN, users[:1], np.array(["p999"], object), FEEDS.score, FEEDS.rank)
