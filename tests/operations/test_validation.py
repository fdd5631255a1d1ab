"""What is judged of a night, by literal nights with known answers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from tests.operations.nights import NIGHT
from threads_pipelines.dataset.night import SCORE_BINS, Night
from threads_pipelines.dataset.snapshot import Interactions, Posts, Snapshot, Users
from threads_pipelines.health.drift import (
    histogram_of_scores,
    population_stability,
    total_variation,
)
from threads_pipelines.health.nights import summarize
from threads_pipelines.health.validation import ADVICE, QUESTIONS, Limits, validate

WEEK = [NIGHT] * 7


def failed(night: Night, before: list[Night] = WEEK, limits: Limits | None = None) -> set[str]:
    judgements = validate(night, before, limits or Limits())
    assert [judgement.question for judgement in judgements] == list(QUESTIONS)
    assert all(bool(judgement.advice) != judgement.passed for judgement in judgements)
    return {judgement.question for judgement in judgements if not judgement.passed}


def test_an_ordinary_night_passes() -> None:
    assert failed(NIGHT) == set()
    assert failed(NIGHT, []) == set()


@pytest.mark.parametrize(
    ("night", "question"),
    [
        (replace(NIGHT, interactions=499), "volume"),
        (replace(NIGHT, types={"view": 100, "click": 800, "like": 80, "share": 20}), "types"),
        (replace(NIGHT, orphans=21), "orphans"),
        (replace(NIGHT, cold_users=81), "cold_users"),
        (replace(NIGHT, newest_hours=24.1), "freshness"),
        (replace(NIGHT, newest_hours=None), "freshness"),
        (replace(NIGHT, users_served=99), "feeds"),
        (replace(NIGHT, scores=[1000, *[0] * (SCORE_BINS - 1)]), "score_drift"),
        (replace(NIGHT, posts_served=27), "coverage_drift"),
    ],
)
def test_one_thing_wrong_fails_one_question(night: Night, question: str) -> None:
    assert failed(night) == {question}


@pytest.mark.parametrize(
    "night",
    [
        replace(
            NIGHT, interactions=500, types={"view": 350, "click": 100, "like": 40, "share": 10}
        ),
        replace(NIGHT, orphans=20),
        replace(NIGHT, cold_users=80),
        replace(NIGHT, newest_hours=24.0),
        replace(NIGHT, posts_served=28),
    ],
)
def test_a_limit_is_inclusive(night: Night) -> None:
    assert failed(night) == set()


def test_the_order_of_the_types_does_not_matter() -> None:
    kept = replace(NIGHT, types=dict(reversed(NIGHT.types.items())))
    assert failed(NIGHT, [kept]) == set()


def test_only_the_last_seven_nights_count() -> None:
    long_ago = replace(NIGHT, interactions=1_000_000)
    assert failed(NIGHT, [long_ago] * 20 + WEEK) == set()


def test_nothing_at_all_fails_where_it_should() -> None:
    empty = Night(0, dict.fromkeys(NIGHT.types, 0), 0, 0, 0, 0, None, 0, 0, 0, 0, [0] * SCORE_BINS)
    assert failed(empty, []) == {"volume", "freshness"}


def test_every_question_has_advice() -> None:
    assert set(ADVICE) == set(QUESTIONS)


def test_limits_are_obeyed() -> None:
    assert failed(replace(NIGHT, users_served=90), limits=Limits(max_unserved_share=0.1)) == set()
    assert failed(NIGHT, limits=Limits(min_interactions=1001)) == {"volume"}


def test_the_stability_index_of_a_known_shift() -> None:
    # Two bins of equal size, then 0.75 and 0.25: (0.25) ln 1.5 - 0.25 ln 0.5 = 0.2746.
    old, new = [10_000_000, 10_000_000], [15_000_000, 5_000_000]
    assert population_stability(old, new) == pytest.approx(0.27465, abs=1e-5)
    assert population_stability(old, old) == 0
    with pytest.raises(ValueError, match="empty"):
        population_stability(old, [0, 0])


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=SCORE_BINS).filter(any), st.data())
def test_drift_is_never_negative_and_zero_for_the_same(old: list[int], data: st.DataObject) -> None:
    count = st.integers(0, 1000)
    new = data.draw(st.lists(count, min_size=len(old), max_size=len(old)).filter(any))
    assert population_stability(old, new) >= 0
    assert population_stability(old, old) == pytest.approx(0)
    assert 0 <= total_variation(old, new) <= 1 + 1e-12
    assert total_variation(old, old) == 0


def test_the_edges_of_the_score_are_counted() -> None:
    counts = histogram_of_scores(np.array([0.0, 0.009, 0.01, 1.0]))
    assert (counts[0], counts[1], counts[-1], counts.sum()) == (2, 1, 1, 4)


def test_a_night_is_summarized_and_kept() -> None:
    ids = np.array(["a", "b", "c"], object)
    users = Users(ids, np.zeros(3, np.int32), np.array([True, True, False]))
    posts = Posts(
        ids=np.array(["p", "q"], object),
        author=np.array([0, 0], np.int32),
        created_at=np.zeros(2, np.int64),
        content=np.array(["", ""], object),
        candidate=np.array([True, False]),
        likes=np.zeros(2, np.int32),
        comments=np.zeros(2, np.int32),
    )
    events = Interactions(
        user=np.array([0, 0, 2], np.int32),
        post=np.array([0, 1, 0], np.int32),
        kind=np.array([0, 2, 0], np.int8),
        at=np.array([0, 3600, 1800]),
    )
    snapshot = Snapshot(users, posts, events, csr_matrix((3, 2), dtype=bool), as_of=10_800)
    feeds = [
        (np.array(["a"], object), np.array(["q"], object), np.array([0.5])),
        (np.array(["b"], object), np.array(["q"], object), np.array([1.0])),
    ]
    night = summarize(snapshot, feeds, orphans=1, rows_read=4)
    scores = [0] * SCORE_BINS
    scores[50] = scores[99] = 1
    assert night == Night(
        interactions=3,
        types={"view": 2, "click": 0, "like": 1, "share": 0},
        orphans=1,
        rows_read=4,
        users=2,
        cold_users=1,
        newest_hours=2.0,
        candidates=1,
        rows=2,
        users_served=2,
        posts_served=1,
        scores=scores,
    )
    seen = csr_matrix(np.array([[1, 1], [1, 0], [0, 0]], bool))
    everything = summarize(replace(snapshot, seen=seen), [], orphans=1, rows_read=4)
    assert (everything.users, everything.users_served, everything.nothing_left) == (2, 0, 2)
    with pytest.raises(ValueError, match="99 bins, not 100"):
        replace(night, scores=scores[1:])


def test_who_has_nothing_left_to_see_is_no_fault() -> None:
    night = replace(NIGHT, users_served=97, nothing_left=3)
    assert failed(night) == set()
    assert failed(replace(night, nothing_left=2)) == {"feeds"}
    (told,) = (j for j in validate(night, [NIGHT], Limits()) if j.question == "feeds")
    assert "3 more have seen every post" in told.sentence
