"""Each setting does what its description says: two worlds that only it tells apart."""

from dataclasses import replace

import numpy as np

from tests.recommender.worlds import TEXTS, world
from threads_pipelines.dataset.scored_rows import FRESH_TOPIC, SIMILAR_POST
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.settings import RecommenderSettings

VIEW, SHARE = 0, 3


def first(snapshot: Snapshot, settings: RecommenderSettings) -> int:
    """The post at the top of the first user's feed."""
    return int(fit(snapshot, settings).recommend(np.array([0]), 1).post[0])


def test_likes_and_comments_give_a_fresh_post_a_start() -> None:
    snapshot = world([(0, 0)], 2, 3, created_hours_ago=[48, 1, 1])
    posts = replace(snapshot.posts, likes=np.array([0, 0, 3], np.int32))
    engaged = replace(snapshot, posts=posts)
    settings = RecommenderSettings().changed({"popularity.exponent": 0.5})
    assert first(engaged, settings) == 2
    assert first(engaged, settings.changed({"popularity.engagement_weight": 0.0})) == 1
    comments = replace(posts, likes=posts.comments, comments=posts.likes)
    assert first(replace(snapshot, posts=comments), settings) == 2


def test_recency_weight_prefers_what_is_new() -> None:
    snapshot = world([(0, 0)], 2, 3, created_hours_ago=[48, 40, 1])
    settings = RecommenderSettings().changed({"popularity.exponent": 0.0})
    assert first(snapshot, settings) == 1  # all alike: the first one
    assert first(snapshot, settings.changed({"blend.recency_weight": 1.0})) == 2


def test_shrinkage_distrusts_neighbours_with_short_histories() -> None:
    # Cosine 1/√2 with one of two posts, 2/3 with one of nine: the overlap of one is luck.
    short = [(1, 0), (1, 9)]
    long = [(2, post) for post in (0, 1, 2, 3, 4, 5, 6, 7, 8)]
    snapshot = world([(0, 0), (0, 1), *short, *long], 3, 10)
    settings = RecommenderSettings().changed(
        {"blend.people_share": 1.0, "similar_people.damping": 0.0, "similar_people.neighbours": 1}
    )
    assert first(snapshot, settings) == 9
    assert first(snapshot, settings.changed({"similar_people.shrinkage": 100.0})) in range(2, 9)


def test_weighted_people_are_alike_in_what_they_share() -> None:
    # One has only viewed what the user shared, the other shared it, and viewed more besides.
    events = [(0, 0, SHARE, 1), (0, 1, SHARE, 1), (1, 1, VIEW, 1), (1, 2, SHARE, 1),
              (2, 0, SHARE, 1), (2, 3, VIEW, 1), (2, 4, VIEW, 1)]  # fmt: skip
    snapshot = world(events, 3, 5)
    settings = RecommenderSettings().changed(
        {"blend.people_share": 1.0, "similar_people.neighbours": 1}
    )
    assert first(snapshot, settings) == 2
    assert first(snapshot, settings.changed({"similar_people.weighted": True})) == 3


def test_content_for_all_reaches_posts_that_people_acted_on() -> None:
    # Nobody has both posts about bread; somebody has acted on the second.
    snapshot = world([(0, 0), (1, 2), (1, 3)], 2, 4, content=TEXTS)
    settings = RecommenderSettings().changed({"blend.people_share": 1.0})
    assert first(snapshot, settings) != 2
    rows = fit(snapshot, settings.changed({"similar_texts.for_all": True})).recommend(
        np.array([0]), 1
    )
    assert rows.post.tolist() == [2]
    assert rows.reason.tolist() == [SIMILAR_POST]  # not fresh: somebody has been there
    assert rows.evidence.tolist() == [0]
    assert FRESH_TOPIC not in rows.reason
