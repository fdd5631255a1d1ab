"""Ranking only the posts that can win a place gives the rows of ranking all posts."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommender.worlds import TEXTS, random_world
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.recommender import model as ranking
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.settings import RecommenderSettings

FEED = {
    "similar_people.vote_half_life_hours": 6,
    "popularity.half_life_hours": 12,
    "popularity.exponent": 0.3,
    "similar_people.neighbours": 4,
    "similar_posts.neighbours": 3,
}
KINDS: dict[str, dict[str, Any]] = {
    "default": {},
    "feed": FEED,
    "capped": {**FEED, "feed.author_cap": 2},
    "with the spectral view": {**FEED, "spectral.share": 0.4, "spectral.candidates": 5},
    "with a share for newcomers": {**FEED, "newcomers.share": 0.2},
    "without places for untouched posts": {**FEED, "feed.fresh_every": 0},
    "linear": {"similar_posts.model": "linear", "similar_people.neighbours": 4},
}


def rows_of(model: Model, few: float, top_k: int) -> ScoredRows:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "FEW", few)
        return model.recommend(slice(None), top_k)


@settings(max_examples=60)
@given(
    seed=st.integers(0, 10**6),
    n_users=st.integers(1, 40),
    n_posts=st.integers(1, 120),
    n_events=st.integers(0, 250),
    top_k=st.integers(1, 30),
    kind=st.sampled_from(sorted(KINDS)),
)
def test_the_rows_are_those_of_ranking_all_posts(
    seed: int, n_users: int, n_posts: int, n_events: int, top_k: int, kind: str
) -> None:
    snapshot = random_world(seed, n_users, n_posts, n_events)
    content = np.array([TEXTS[i % 4] for i in range(n_posts)], object)
    snapshot = replace(snapshot, posts=replace(snapshot.posts, content=content))
    model = fit(snapshot, RecommenderSettings().changed(KINDS[kind]))
    all_posts = rows_of(model, 0.0, top_k)
    for few in (0.5, 1e9):
        found = rows_of(model, few, top_k)
        for name in ScoredRows.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(found, name), getattr(all_posts, name), name)


def test_equal_scores_are_settled_by_the_rows_of_the_posts() -> None:
    snapshot = random_world(1, 3, 50, 0)
    rows = fit(snapshot, RecommenderSettings()).recommend(slice(0, 1), 5)
    own = snapshot.posts.author == 0
    expected = np.flatnonzero(snapshot.posts.candidate & ~own)[:5]
    assert rows.post.tolist() == expected.tolist()
