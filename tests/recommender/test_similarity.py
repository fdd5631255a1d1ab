"""Similarities against numbers worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.recommender.worlds import random_world, world
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.recommender.component_settings import EventSettings, InteractionWeights
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.knn.similar_posts import cosine_posts, linear_posts
from threads_pipelines.recommender.pairs import pairs_of
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import SparseRows

# users x posts: 0 has a b, 1 has a b c, 2 has a, 3 has c
EVENTS = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 0), (3, 2)]
ALL = np.ones(3, bool)
PLAIN = RecommenderSettings().changed(
    {
        "similar_posts.user_damping": 0,
        "similar_posts.source_damping": 0.5,
        "similar_posts.target_damping": 0.5,
        "similar_posts.power": 1,
    }
)


def dense(near: SparseRows) -> np.ndarray:
    n = len(near.start) - 1
    table = np.zeros((n, n))
    table[np.repeat(np.arange(n), np.diff(near.start)), near.item] = near.value
    return table


def similar(settings: RecommenderSettings, candidate: np.ndarray) -> np.ndarray:
    pairs = pairs_of(world(EVENTS, 4, 3), settings.events)
    return dense(cosine_posts(pairs, settings.similar_posts, candidate))


def test_plain_cosine_of_posts() -> None:
    near = similar(PLAIN, ALL)
    # a∩b = 2, a∩c = 1, b∩c = 1; counts 3, 2, 2
    assert_allclose(near[0, 1], 2 / np.sqrt(6), rtol=1e-6)
    assert_allclose(near[0, 2], 1 / np.sqrt(6), rtol=1e-6)
    assert_allclose(near[1, 2], 1 / 2, rtol=1e-6)
    assert_allclose(near, near.T, rtol=1e-6)
    assert (np.diag(near) == 0).all()


def test_damped_and_asymmetric_cosine_of_posts() -> None:
    settings = PLAIN.changed(
        {
            "similar_posts.user_damping": 0.5,
            "similar_posts.source_damping": 0.2,
            "similar_posts.power": 0.6,
        }
    )
    near = similar(settings, ALL)
    # user 0 counts 1/2 and user 1 counts 1/3
    assert_allclose(near[0, 1], ((1 / 2 + 1 / 3) / (3**0.2 * 2**0.5)) ** 0.6, rtol=1e-5)
    assert_allclose(near[1, 0], ((1 / 2 + 1 / 3) / (2**0.2 * 3**0.5)) ** 0.6, rtol=1e-5)


def test_posts_that_may_not_be_recommended_are_no_neighbours() -> None:
    allowed = np.array([True, False, True])
    near = similar(PLAIN, allowed)
    assert (near[:, 1] == 0).all()
    assert near[1, 0] > 0


def test_linear_model_solves_its_equations() -> None:
    snapshot = random_world(3, 30, 12, 150)
    settings = RecommenderSettings().changed(
        {"similar_posts.linear_regularisation": 5, "similar_posts.neighbours": 12}
    )
    pairs = pairs_of(snapshot, settings.events)
    weights = dense(linear_posts(pairs, settings.similar_posts, np.ones(12, bool)))
    x = np.zeros((30, 12))
    x[snapshot.interactions.user, snapshot.interactions.post] = 1
    gram = x.T @ x + 5 * np.eye(12)
    # Stationarity of the ridge regression with a zero diagonal: only the diagonal has multipliers.
    gradient = gram @ weights - x.T @ x
    assert_allclose(gradient[~np.eye(12, dtype=bool)], 0, atol=1e-3)
    assert (np.diag(weights) == 0).all()


def test_linear_model_leaves_out_what_nobody_acted_on() -> None:
    events = [(u, p) for u in range(6) for p in (1, 3, 5) if (u + p) % 4]
    settings = RecommenderSettings().changed(
        {"similar_posts.linear_regularisation": 5, "similar_posts.neighbours": 7}
    )
    pairs = pairs_of(world(events, 6, 7), settings.events)
    weights = dense(linear_posts(pairs, settings.similar_posts, np.arange(7) != 3))
    assert set(np.flatnonzero(weights.any(1))) == {1, 3, 5}
    assert set(np.flatnonzero(weights.any(0))) == {1, 5}  # 3 is no candidate


def test_linear_model_refuses_a_penalty_that_cannot_be_solved() -> None:
    # Less than none, past what settings accept: no other is beyond float32 on every processor.
    settings = RecommenderSettings().similar_posts.model_copy(
        update={"linear_regularisation": -100.0}
    )
    pairs = pairs_of(world([(0, 0), (0, 1), (1, 1)], 2, 2), RecommenderSettings().events)
    with pytest.raises(ConfigurationError, match="linear_regularisation"):
        linear_posts(pairs, settings, np.ones(2, bool))


def twin_scores(snapshot: Snapshot, settings: RecommenderSettings) -> np.ndarray:
    """The blend written with dense matrices in float64, for untimed data with all neighbours."""
    n_users, n_posts = snapshot.seen.shape
    x = np.zeros((n_users, n_posts))
    x[snapshot.interactions.user, snapshot.interactions.post] = 1
    n_u, n_i = np.maximum(x.sum(1), 1), np.maximum(x.sum(0), 1)
    damp = n_i ** (-2 * settings.similar_people.damping)
    norm = np.sqrt((x * damp).sum(1) + 1e-9)
    people = (x * damp) @ x.T / norm
    np.fill_diagonal(people, 0)
    votes = people**settings.similar_people.power @ x
    common = (x.T * n_u ** (-2 * settings.similar_posts.user_damping)) @ x
    np.fill_diagonal(common, 0)
    b1, b2 = settings.similar_posts.source_damping, settings.similar_posts.target_damping
    near = (common / (n_i**b1)[:, None] / n_i**b2) ** settings.similar_posts.power
    posts = x @ near
    free = ~snapshot.seen.toarray() & snapshot.posts.candidate
    free &= snapshot.posts.author[None, :] != np.arange(n_users)[:, None]
    total = np.full((n_users, n_posts), settings.blend.floor)
    for part, share in (
        (votes, settings.blend.people_share),
        (posts, 1 - settings.blend.people_share),
    ):
        most = np.where(free, part, 0).max(1, keepdims=True)
        total += share * np.divide(part, most, out=np.zeros_like(part), where=most > 0)
    return np.where(free, total, 0)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_ranking_equals_the_unoptimised_twin(share: float) -> None:
    snapshot = random_world(11, 40, 60, 400, timed=False)
    same = InteractionWeights(view=1, click=1, like=1, share=1)
    settings = RecommenderSettings().changed(
        {
            "events.weights": same,
            "events.repeat_gain": 0,
            "blend.people_share": share,
            "similar_people.neighbours": 500,
            "feed.fresh_every": 0,
            "similar_people.damping": 0.2,
            "similar_posts.neighbours": 500,
        }
    )
    rows = fit(snapshot, settings).recommend(slice(None), 60)
    twin = twin_scores(snapshot, settings)
    expected = twin[rows.user, rows.post] / twin.max(1)[rows.user]
    assert_allclose(rows.score, expected, rtol=2e-4)
    assert len(rows) == (twin > 0).sum()


def test_half_lives_prefer_what_happened_lately() -> None:
    # Two neighbours of user 0 share the same history; one voted for post 2 now, one for 3 long ago.
    events = [(0, 0, 3, 1), (1, 0, 3, 1), (1, 2, 3, 1), (2, 0, 3, 1), (2, 3, 3, 200)]
    settings = RecommenderSettings().changed(
        {"blend.people_share": 1, "similar_people.vote_half_life_hours": 24, "feed.fresh_every": 0}
    )
    rows = fit(world(events, 3, 4), settings).recommend(np.array([0]), 2)
    assert rows.post.tolist() == [2, 3]
    assert_allclose(rows.score[1], 2 ** (-199 / 24) + 0.01, rtol=0.05)


def test_weights_and_repeats_make_the_profile() -> None:
    settings = EventSettings(
        weights=InteractionWeights(view=1, click=2, like=5, share=0), repeat_gain=0.5
    )
    pairs = pairs_of(
        world([(0, 0, 0, 5), (0, 0, 0, 2), (0, 1, 0, 3), (0, 1, 2, 9), (0, 2, 3, 1)], 1, 3),
        settings,
    )
    assert pairs.user_post.tolist() == [0, 1]  # latest first; a share weighs nothing here
    assert_allclose(pairs.user_weight, [1 + 0.5 * np.log(2), 5 * (1 + 0.5 * np.log(2))], rtol=1e-6)
    assert_allclose(pairs.user_age, [2, 3])


@pytest.mark.parametrize("timed", [True, False])
def test_pairs_equal_a_plain_merge(timed: bool) -> None:
    snapshot = random_world(8, 20, 15, 900, timed=timed)
    settings = RecommenderSettings()
    pairs = pairs_of(snapshot, settings.events)
    e = snapshot.interactions
    by_user, by_post = [], []
    for user in range(20):
        events = sorted(np.flatnonzero(e.user == user), key=lambda k: -e.at[k])
        for post in dict.fromkeys(e.post[events].tolist()):
            of_pair = [k for k in events if e.post[k] == post]
            worth = max([settings.events.weights.view, 1, 1.25, 1.5][e.kind[k]] for k in of_pair)
            worth *= 1 + settings.events.repeat_gain * np.log(len(of_pair))
            age = (snapshot.as_of - e.at[of_pair[0]]) / 3600 if timed else 0
            by_user.append((user, post, worth, age))
            by_post.append((post, user, age))
    owner = np.repeat(np.arange(20), pairs.user_degree)
    assert (
        np.diff(pairs.user_age)[np.diff(owner) == 0] >= 0
    ).all()  # which of a tie is first is open
    order = np.lexsort((pairs.user_post, owner))
    by_user.sort()
    got = list(zip(owner[order].tolist(), pairs.user_post[order].tolist(), strict=True))
    assert got == [row[:2] for row in by_user]
    assert_allclose(pairs.user_weight[order], [row[2] for row in by_user], rtol=1e-6)
    assert_allclose(pairs.user_age[order], [row[3] for row in by_user], rtol=1e-6)
    by_post.sort()
    assert pairs.post_user.tolist() == [row[1] for row in by_post]
    assert_allclose(pairs.post_age, [row[2] for row in by_post], rtol=1e-6)
    assert_allclose(pairs.post_degree, np.bincount([row[0] for row in by_post], minlength=15))
