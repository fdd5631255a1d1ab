"""Sparse post-to-post similarity: cosine of co-occurrence, or the linear model EASE."""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.errors import ConfigurationError
from threads_pipelines.recommender.component_settings import SimilarPostSettings
from threads_pipelines.recommender.kernels.parallel import in_blocks
from threads_pipelines.recommender.knn.neighbours import nearest_rows
from threads_pipelines.recommender.pairs import Pairs
from threads_pipelines.recommender.sparse_rows import SparseRows, from_padded, no_rows

LINEAR_LIMIT = 10_000
"""Posts up to which the linear model is affordable: its matrix is dense."""


def similar_posts(
    pairs: Pairs, settings: SimilarPostSettings, candidate: NDArray[np.bool_]
) -> SparseRows:
    """Find for each post the most similar candidates, with the model that the settings name.

    The cosine replaces the linear model if there are more than ``LINEAR_LIMIT`` posts.

    Args:
        pairs: All user-post pairs.
        settings: Settings of the similarity.
        candidate: (n_posts,) bool, posts that may be recommended.

    Returns:
        For each post, similar candidates and their similarity, largest first.

    Raises:
        ConfigurationError: ``linear_regularisation`` is too small for these data.
    """
    if settings.model == "linear" and len(pairs.post_degree) <= LINEAR_LIMIT:
        return linear_posts(pairs, settings, candidate)
    return cosine_posts(pairs, settings, candidate)


def cosine_posts(
    pairs: Pairs, settings: SimilarPostSettings, candidate: NDArray[np.bool_]
) -> SparseRows:
    """Compute s_ij = (sum over common users u of n_u^(-2a) / (n_i^b1 · n_j^b2))^q; keep the
    largest.

    n_u is the number of pairs of a user and n_i the summed trust of the pairs of a post. A common
    user contributes the product of the trust of both pairs. a = b1 = b2 = .5 and q = 1 resembles
    RP3beta; a = 0 and b1 = b2 = .5 is the cosine of binary columns.

    Args:
        pairs: All user-post pairs.
        settings: The exponents a, b1, b2 and q, and the number of neighbours.
        candidate: (n_posts,) bool; only candidates are kept as j.

    Returns:
        For each post i, the candidates j with the largest s_ij and these values.
    """
    n_posts = len(pairs.post_degree)
    users = np.maximum(pairs.user_degree, 1).astype(np.float64)
    posts = np.maximum(pairs.trusted_post_degree, 1)
    user_value = (users ** (-2 * settings.user_damping)).astype(np.float32)
    most = min(settings.neighbours, n_posts)
    post = np.empty((n_posts, most), np.int32)
    value = np.zeros((n_posts, most), np.float32)
    found = np.zeros(n_posts, np.int32)
    scale = (posts**-settings.target_damping * candidate).astype(np.float32)

    def search(low: int, high: int) -> None:
        nearest_rows(
            np.arange(low, high),
            SparseRows(pairs.post_start, pairs.post_user, pairs.post_trust),
            SparseRows(pairs.user_start, pairs.user_post, pairs.user_trust),
            user_value, scale, np.arange(low, high),
            post[low:high], value[low:high], found[low:high],
        )  # fmt: skip

    in_blocks(search, n_posts, 64)
    value *= (posts**-settings.source_damping).astype(np.float32)[:, None]
    np.power(value, np.float32(settings.power), out=value)
    return from_padded(post, value, found)


def _values(pairs: Pairs) -> NDArray[np.float32]:
    return pairs.trusted(np.ones(len(pairs.user_post), np.float32))


def linear_posts(
    pairs: Pairs, settings: SimilarPostSettings, candidate: NDArray[np.bool_]
) -> SparseRows:
    """Fit EASE (Steck 2019): ridge regression of each post on the others; keep the largest weights.

    B = I − P / diag(P) with P = (XᵀX + λI)⁻¹ for binary X. Negative weights are kept.

    Args:
        pairs: All user-post pairs.
        settings: λ (``linear_regularisation``) and the number of neighbours.
        candidate: (n_posts,) bool; only candidates are kept as targets.

    Returns:
        For each post in a history, the candidates with the largest weights and these weights.

    Raises:
        ConfigurationError: λ is too small to invert the matrix in float32.
    """
    # Here, because its memory and seconds are for small catalogues only.
    from scipy.linalg.lapack import spotrf, spotri
    from scipy.sparse import csr_matrix

    n_users, n_posts = len(pairs.user_degree), len(pairs.post_degree)
    acted_on = np.flatnonzero(pairs.post_degree)
    if len(acted_on) == 0:
        return no_rows(n_posts)
    x = csr_matrix(
        (_values(pairs), pairs.user_post, pairs.user_start),
        shape=(n_users, n_posts),
    )[:, acted_on]
    weights = (x.T @ x).toarray()
    weights[np.diag_indices_from(weights)] += np.float32(settings.linear_regularisation)
    weights, fault = spotrf(weights, lower=True, overwrite_a=True)
    if fault:
        raise ConfigurationError(
            f"similar_posts.linear_regularisation {settings.linear_regularisation} is too small "
            "for these interactions: posts that the same people acted on cannot be told apart"
        )
    weights, _ = spotri(weights, lower=True, overwrite_c=True)  # the lower triangle only
    weights = np.tril(weights) + np.tril(weights, -1).T
    weights /= -np.diag(weights).copy()
    np.fill_diagonal(weights, 0)
    weights[:, ~candidate[acted_on]] = 0
    most = min(settings.neighbours, len(acted_on))
    nearest = np.argpartition(-np.abs(weights), most - 1, axis=1)[:, :most]
    post, value = np.zeros((n_posts, most), np.int32), np.zeros((n_posts, most), np.float32)
    post[acted_on] = acted_on[nearest]
    value[acted_on] = np.take_along_axis(weights, nearest, axis=1)
    return from_padded(post, value, np.where(pairs.post_degree > 0, most, 0))
