"""The spectral view against numpy's own singular vectors, and its place in the blend."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from threadpoolctl import threadpool_limits

from tests.recommender.worlds import random_world
from threads_pipelines.dataset.scored_rows import SIMILAR_TASTE
from threads_pipelines.recommender.component_settings import EventSettings
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.pairs import pairs_of
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.spectral import spectral_factors


def test_the_factors_span_the_leading_singular_vectors() -> None:
    # Two communities that never meet, and one user of both: two large singular values.
    snapshot = random_world(1, 60, 25, 900)
    pairs = pairs_of(snapshot, EventSettings())
    matrix = np.zeros((60, 25))
    matrix[np.repeat(np.arange(60), pairs.user_degree), pairs.user_post] = 1
    users, posts = (np.maximum(matrix.sum(axis), 1) for axis in (1, 0))
    matrix /= np.sqrt(users[:, None] * posts[None, :])
    exact = np.linalg.svd(matrix)[2][:1].T
    factors = spectral_factors(pairs, 25)
    assert_allclose(factors.T @ factors, np.eye(factors.shape[1]), atol=1e-4)
    assert_allclose(abs(factors[:, :1].T @ exact), 1, atol=1e-3)
    # All vectors together: the projection is the whole space of the posts.
    assert_allclose(factors @ factors.T, np.eye(25), atol=1e-3)


def test_the_bytes_do_not_depend_on_the_threads() -> None:
    pairs = pairs_of(random_world(1, 400, 300, 6000), EventSettings())
    found = set()
    for threads in (1, 4):
        with threadpool_limits(threads):
            found.add(spectral_factors(pairs, 32).tobytes())
    assert len(found) == 1


def test_the_view_alone_ranks_by_the_projected_history() -> None:
    snapshot = random_world(2, 50, 20, 400)
    settings = RecommenderSettings().changed(
        {
            "spectral.share": 1.0,
            "spectral.rank": 6,
            "spectral.damping": 0.25,
            "spectral.candidates": 20,
            "blend.text_weight": 0.0,
            "feed.fresh_every": 0,
        }
    )
    model = fit(snapshot, settings)
    view, history = model.spectral, model.history
    for user in range(50):
        mine = slice(history.start[user], history.start[user + 1])
        taste = (history.value[mine] * view.source[history.item[mine]]) @ view.factors[
            history.item[mine]
        ]
        score = (view.factors @ taste) * view.target
        rows = model.recommend(np.array([user]), 5)
        named = rows.reason == SIMILAR_TASTE
        assert_allclose(
            rows.score[named],
            score[rows.post[named]] / score[rows.post].max(),
            rtol=0.03,
            atol=0.02,
        )
    assert SIMILAR_TASTE in model.recommend(slice(None), 5).reason


@pytest.mark.parametrize("candidates", [1, 5])
def test_only_so_many_candidates_are_scored(candidates: int) -> None:
    settings = RecommenderSettings().changed(
        {"spectral.share": 0.5, "spectral.rank": 8, "spectral.candidates": candidates}
    )
    rows = fit(random_world(2, 50, 40, 400), settings).recommend(slice(None), 30)
    taste = np.bincount(rows.user[rows.reason == SIMILAR_TASTE], minlength=50)
    assert 0 < taste.max() <= candidates
