"""The spectral view: the leading right singular vectors of the degree-normalised user-item matrix.

It is a low-pass filter on the graph of users and posts, as in GF-CF (Shen et al. 2021) and ChebyCF.
A randomized range finder (Halko, Martinsson and Tropp 2011) computes the vectors with a fixed
start, a fixed order of sums and one BLAS thread, so that the same data give the same bytes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.recommender.kernels.parallel import in_blocks
from threads_pipelines.recommender.kernels.smoothing import smooth
from threads_pipelines.recommender.pairs import Pairs

_OVERSAMPLING = 16
_ITERATIONS = 2
_POWERS = 2
"""Products with AᵀA between two orthonormalisations; more would lose digits of float32 numbers."""

_COLUMNS = 64
"""Columns of the basis that one thread works on at a time."""

Floats = NDArray[np.float32]


class SpectralView(NamedTuple):
    """Input of the spectral view.

    Attributes:
        factors: (n_posts, rank) float32, orthonormal columns; rank 0 if the view is off.
        source: (n_posts,) float32, factor of a post in a history.
        target: (n_posts,) float32, factor of a recommended post; 0 if it may not be recommended.
    """

    factors: Floats
    source: Floats
    target: Floats


def no_view(n_posts: int) -> SpectralView:
    """Make a spectral view that is off.

    Args:
        n_posts: Number of posts.

    Returns:
        A view of rank 0.
    """
    none = np.zeros(n_posts, np.float32)
    return SpectralView(np.zeros((n_posts, 0), np.float32), none, none)


def spectral_view(
    pairs: Pairs, factors: Floats, damping: float, candidate: NDArray[np.bool_]
) -> SpectralView:
    """Scale the factors so that popular posts count less in a history and more as recommendations.

    Args:
        pairs: All user-post pairs.
        factors: (n_posts, rank) float32 from ``spectral_factors``.
        damping: Exponent of the popularity of posts, in [0, 1].
        candidate: (n_posts,) bool, posts that may be recommended.

    Returns:
        The view.
    """
    degree = np.maximum(pairs.trusted_post_degree, 1)
    return SpectralView(
        factors,
        (degree**-damping).astype(np.float32),
        (degree**damping * candidate).astype(np.float32),
    )


def spectral_factors(pairs: Pairs, rank: int) -> Floats:
    """Compute the leading right singular vectors of the user-item matrix, scaled by degrees.

    Args:
        pairs: All user-post pairs.
        rank: Number of vectors, at least 0.

    Returns:
        (n_posts, rank) float32; fewer columns if there are fewer users or posts.
    """
    # Here, because they are slow to import and only the spectral view needs them.
    from scipy.linalg import qr
    from threadpoolctl import threadpool_limits

    n_users, n_posts = len(pairs.user_degree), len(pairs.post_degree)
    rank = min(rank, n_posts, n_users)
    if not len(pairs.user_post) or rank == 0:
        return np.zeros((n_posts, 0), np.float32)
    width = min(rank + _OVERSAMPLING, n_posts)
    basis = np.random.default_rng(0).standard_normal((n_posts, width)).astype(np.float32)
    with threadpool_limits(1, "blas"):
        for _ in range(_ITERATIONS):
            for _ in range(_POWERS):
                basis = _smoothed(pairs, basis)
            basis = qr(basis, mode="economic", overwrite_a=True, check_finite=False)[0]
        small = (basis.T @ _smoothed(pairs, basis)).astype(np.float64)
        value, vectors = np.linalg.eigh((small + small.T) / 2)
        leading = vectors[:, np.argsort(-value, kind="stable")[:rank]].astype(np.float32)
        factors = basis @ leading
    return np.ascontiguousarray(factors, np.float32)


def _smoothed(pairs: Pairs, basis: Floats) -> Floats:
    """Return AᵀA·basis, with A the user-item matrix, each entry over the roots of both degrees.

    Each thread works on some columns of the basis. The rows that it reads again then stay in the
    cache, and no column of the result depends on the number of threads.
    """
    by_post = (np.maximum(pairs.trusted_post_degree, 1) ** -0.5).astype(np.float32)
    by_user = (1 / np.maximum(pairs.user_degree, 1)).astype(np.float32)
    total: Floats = np.empty_like(basis)

    def work(low: int, high: int) -> None:
        some = np.multiply(by_post[:, None], basis[:, low:high], order="C")
        summed = np.zeros_like(some)
        smooth(pairs.user_start, pairs.user_post, pairs.user_trust, by_user, some, summed)
        total[:, low:high] = by_post[:, None] * summed

    in_blocks(work, basis.shape[1], _COLUMNS)
    return total
