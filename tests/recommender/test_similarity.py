"""Similarities against numbers worked out by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.recommender.worlds import random_world, world
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.recommender.knn.similar_posts import Neighbours, cosine_posts, linear_posts
from threads_pipelines.recommender.model import fit
from threads_pipelines.recommender.pairs import pairs_of
from threads_pipelines.recommender.settings import InteractionWeights, RecommenderSettings

# users x posts: 0 has a b, 1 has a b c, 2 has a, 3 has c
EVENTS = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (2, 0), (3, 2)]
ALL = np.ones(3, bool)
PLAIN = RecommenderSettings(
    post_user_damping=0, post_source_damping=0.5, post_target_damping=0.5, post_power=1
)


def dense(near: Neighbours) -> np.ndarray:
    n = len(near.start) - 1
    table = np.zeros((n, n))
    table[np.repeat(np.arange(n), np.diff(near.start)), near.post] = near.value
    return table


def test_plain_cosine_of_posts() -> None:
    near = dense(cosine_posts(pairs_of(world(EVENTS, 4, 3), PLAIN), PLAIN, ALL))
    # a∩b = 2, a∩c = 1, b∩c = 1; counts 3, 2, 2
    assert_allclose(near[0, 1], 2 / np.sqrt(6), rtol=1e-6)
    assert_allclose(near[0, 2], 1 / np.sqrt(6), rtol=1e-6)
    assert_allclose(near[1, 2], 1 / 2, rtol=1e-6)
    assert_allclose(near, near.T, rtol=1e-6)
    assert (np.diag(near) == 0).all()


def test_damped_and_asymmetric_cosine_of_posts() -> None:
    settings = PLAIN.model_copy(
        update={"post_user_damping": 0.5, "post_source_damping": 0.2, "post_power": 0.6}
    )
    near = dense(cosine_posts(pairs_of(world(EVENTS, 4, 3), settings), settings, ALL))
    # user 0 counts 1/2 and user 1 counts 1/3
    assert_allclose(near[0, 1], ((1 / 2 + 1 / 3) / (3**0.2 * 2**0.5)) ** 0.6, rtol=1e-5)
    assert_allclose(near[1, 0], ((1 / 2 + 1 / 3) / (2**0.2 * 3**0.5)) ** 0.6, rtol=1e-5)


def test_posts_that_may_not_be_recommended_are_no_neighbours() -> None:
    allowed = np.array([True, False, True])
    near = dense(cosine_posts(pairs_of(world(EVENTS, 4, 3), PLAIN), PLAIN, allowed))
    assert (near[:, 1] == 0).all()
    assert near[1, 0] > 0


def test_linear_model_solves_its_equations() -> None:
    snapshot = random_world(3, 30, 12, 150)
    settings = RecommenderSettings(linear_regularisation=5, post_neighbours=12)
    pairs = pairs_of(snapshot, settings)
    weights = dense(linear_posts(pairs, settings, np.ones(12, bool)))
    x = np.zeros((30, 12))
    x[snapshot.interactions.user, snapshot.interactions.post] = 1
    gram = x.T @ x + 5 * np.eye(12)
    # Stationarity of the ridge regression with a zero diagonal: only the diagonal has multipliers.
    gradient = gram @ weights - x.T @ x
    assert_allclose(gradient[~np.eye(12, dtype=bool)], 0, atol=1e-3)
    assert (np.diag(weights) == 0).all()


def test_linear_model_leaves_out_what_nobody_acted_on() -> None:
    events = [(u, p) for u in range(6) for p in (1, 3, 5) if (u + p) % 4]
    settings = RecommenderSettings(linear_regularisation=5, post_neighbours=7)
    pairs = pairs_of(world(events, 6, 7), settings)
    weights = dense(linear_posts(pairs, settings, np.arange(7) != 3))
    assert set(np.flatnonzero(weights.any(1))) == {1, 3, 5}
    assert set(np.flatnonzero(weights.any(0))) == {1, 5}  # 3 is no candidate


def test_linear_model_refuses_a_penalty_that_cannot_be_solved() -> None:
    # Less than none, past what settings accept: no other is beyond float32 on every processor.
    settings = RecommenderSettings().model_copy(update={"linear_regularisation": -100.0})
    pairs = pairs_of(world([(0, 0), (0, 1), (1, 1)], 2, 2), settings)
    with pytest.raises(ConfigurationError, match="linear_regularisation"):
        linear_posts(pairs, settings, np.ones(2, bool))


def twin_scores(snapshot: Snapshot, settings: RecommenderSettings) -> np.ndarray:
    """The blend written with dense matrices in float64, for untimed data with all neighbours."""
    n_users, n_posts = snapshot.seen.shape
    x = np.zeros((n_users, n_posts))
    x[snapshot.interactions.user, snapshot.interactions.post] = 1
    n_u, n_i = np.maximum(x.sum(1), 1), np.maximum(x.sum(0), 1)
    damp = n_i ** (-2 * settings.people_damping)
    norm = np.sqrt((x * damp).sum(1) + 1e-9)
    people = (x * damp) @ x.T / norm
    np.fill_diagonal(people, 0)
    votes = people**settings.people_power @ x
    common = (x.T * n_u ** (-2 * settings.post_user_damping)) @ x
    np.fill_diagonal(common, 0)
    b1, b2 = settings.post_source_damping, settings.post_target_damping
    near = (common / (n_i**b1)[:, None] / n_i**b2) ** settings.post_power
    posts = x @ near
    free = ~snapshot.seen.toarray() & snapshot.posts.candidate
    free &= snapshot.posts.author[None, :] != np.arange(n_users)[:, None]
    total = np.full((n_users, n_posts), settings.floor)
    for part, share in ((votes, settings.people_share), (posts, 1 - settings.people_share)):
        most = np.where(free, part, 0).max(1, keepdims=True)
        total += share * np.divide(part, most, out=np.zeros_like(part), where=most > 0)
    return np.where(free, total, 0)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_ranking_equals_the_unoptimised_twin(share: float) -> None:
    snapshot = random_world(11, 40, 60, 400, timed=False)
    same = InteractionWeights(view=1, click=1, like=1, share=1)
    settings = RecommenderSettings(
        weights=same, repeat_gain=0, people_share=share, people_neighbours=500, fresh_every=0,
        people_damping=0.2, post_neighbours=500,
    )  # fmt: skip
    rows = fit(snapshot, settings).recommend(slice(None), 60)
    twin = twin_scores(snapshot, settings)
    expected = twin[rows.user, rows.post] / twin.max(1)[rows.user]
    assert_allclose(rows.score, expected, rtol=2e-4)
    assert len(rows) == (twin > 0).sum()


def test_half_lives_prefer_what_happened_lately() -> None:
    # Two neighbours of user 0 share the same history; one voted for post 2 now, one for 3 long ago.
    events = [(0, 0, 3, 1), (1, 0, 3, 1), (1, 2, 3, 1), (2, 0, 3, 1), (2, 3, 3, 200)]
    settings = RecommenderSettings(people_share=1, vote_half_life_hours=24, fresh_every=0)
    rows = fit(world(events, 3, 4), settings).recommend(np.array([0]), 2)
    assert rows.post.tolist() == [2, 3]
    assert_allclose(rows.score[1], 2 ** (-199 / 24) + 0.01, rtol=0.05)


def test_weights_and_repeats_make_the_profile() -> None:
    settings = RecommenderSettings(
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
    pairs = pairs_of(snapshot, settings)
    e = snapshot.interactions
    by_user, by_post = [], []
    for user in range(20):
        events = sorted(np.flatnonzero(e.user == user), key=lambda k: -e.at[k])
        for post in dict.fromkeys(e.post[events].tolist()):
            of_pair = [k for k in events if e.post[k] == post]
            worth = max([settings.weights.view, 1, 1.25, 1.5][e.kind[k]] for k in of_pair)
            worth *= 1 + settings.repeat_gain * np.log(len(of_pair))
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
