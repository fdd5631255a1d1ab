"""Posts and people without a history, and why a post is there."""

import numpy as np

from tests.recommender.worlds import TEXTS, world
from threads_pipelines.dataset.scored_rows import (
    FRESH_TOPIC,
    SIMILAR_PEOPLE,
    SIMILAR_POST,
    TRENDING,
)
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.settings import RecommenderSettings


def test_an_untouched_post_is_reached_through_its_text() -> None:
    snapshot = world([(0, 0), (1, 1)], 2, 4, content=TEXTS)
    rows = fit(snapshot, RecommenderSettings()).recommend(slice(None), 1)
    assert rows.post.tolist() == [2, 3]
    assert rows.reason.tolist() == [FRESH_TOPIC, FRESH_TOPIC]
    assert rows.evidence.tolist() == [0, 1]


def test_a_new_user_sees_what_is_trending() -> None:
    events = [(0, 0, 3, 200), (1, 0, 3, 200), (2, 0, 3, 200), (0, 1, 3, 1), (1, 1, 3, 1)]
    settings = RecommenderSettings().changed(
        {"newcomers.half_life_hours": 12, "popularity.half_life_hours": 12}
    )
    rows = fit(world(events, 4, 3), settings).recommend(np.array([3]), 3)
    assert rows.post.tolist() == [1, 0, 2]
    assert (rows.reason == TRENDING).all()
    assert rows.evidence.tolist() == [2, 0, 0]  # people in the last four half-lives


def test_a_fresh_post_of_a_popular_author_has_a_chance() -> None:
    settings = RecommenderSettings().changed(
        {"popularity.half_life_hours": 12, "popularity.exponent": 0.5}
    )
    snapshot = world(
        [(0, 0, 3, 100)], 4, 4, author=[1, 2, 3, 3], followers=[0, 0, 5, 500],
        created_hours_ago=[100, 1, 1, 300],
    )  # fmt: skip
    rows = fit(snapshot, settings).recommend(np.array([0]), 4)
    assert rows.post.tolist()[:2] == [2, 1]


def test_one_place_in_ten_goes_to_an_untouched_post() -> None:
    events = [(u, p) for u in range(1, 30) for p in range(30)] + [(0, 0)]
    snapshot = world(events, 30, 33)
    rows = fit(snapshot, RecommenderSettings().changed({"feed.fresh_every": 10})).recommend(
        np.array([0]), 20
    )
    fresh = rows.rank[rows.post >= 30]
    assert fresh.tolist() == [10, 20]
    none = fit(snapshot, RecommenderSettings().changed({"feed.fresh_every": 0})).recommend(
        np.array([0]), 20
    )
    assert (none.post < 30).all()


def test_an_author_takes_no_more_than_its_cap() -> None:
    events = [(u, p) for u in range(1, 9) for p in range(9)] + [(0, 0)]
    snapshot = world(events, 9, 9, author=[8, 7, 7, 7, 7, 6, 6, 6, 6])
    settings = RecommenderSettings().changed({"feed.author_cap": 1, "feed.fresh_every": 0})
    model = fit(snapshot, settings)
    rows = model.recommend(np.array([0]), 2)
    assert sorted(snapshot.posts.author[rows.post].tolist()) == [6, 7]
    assert len(model.recommend(np.array([0]), 8)) == 8  # the rest fills what the cap leaves


def test_the_cap_of_an_author_holds_for_fresh_posts_too() -> None:
    events = [(u, p) for u in range(1, 9) for p in range(5)] + [(0, 0)]
    # Five posts that people acted on, by five authors; of the fresh ones most are by one.
    author = [8, 7, 6, 5, 4, 3, 3, 3, 3, 2]
    settings = RecommenderSettings().changed({"feed.author_cap": 1, "feed.fresh_every": 2})
    snapshot = world(events, 9, 10, author=author)
    rows = fit(snapshot, settings).recommend(np.array([0]), 6)
    assert sorted(snapshot.posts.author[rows.post].tolist()) == [2, 3, 4, 5, 6, 7]


def test_reasons_name_their_evidence() -> None:
    events = [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (3, 2)]
    by_people = fit(world(events, 4, 3), RecommenderSettings().changed({"blend.people_share": 1}))
    rows = by_people.recommend(np.array([0]), 1)
    assert (rows.post[0], rows.reason[0], rows.evidence[0]) == (1, SIMILAR_PEOPLE, 2)
    by_posts = fit(world(events, 4, 3), RecommenderSettings().changed({"blend.people_share": 0}))
    rows = by_posts.recommend(np.array([0]), 1)
    assert (rows.post[0], rows.reason[0], rows.evidence[0]) == (1, SIMILAR_POST, 0)
