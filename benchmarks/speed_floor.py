"""The matrix of the speed benchmark, and the time that its additions alone take on this machine."""

import numpy as np
from numba import njit, prange
from scipy.sparse import csr_matrix

from benchmarks.speed_peers import clock, spent


def power_law(users: int, posts: int, pairs: int, seed: int = 0) -> csr_matrix:
    """Distinct pairs: log-normal activity (sigma 1.38), popularity as rank to the power -0.8."""
    rng = np.random.default_rng(seed)
    activity = rng.lognormal(0, 1.38, users)
    popularity = np.cumsum(np.arange(10, posts + 10) ** -0.8)
    popularity /= popularity[-1]
    places = rng.permutation(posts)
    chance = np.cumsum(activity) / activity.sum()
    keys = np.zeros(0, np.int64)
    while len(keys) < pairs:
        more = int(1.1 * (pairs - len(keys))) + 1000
        user = np.searchsorted(chance, rng.random(more))
        post = places[np.searchsorted(popularity, rng.random(more))]
        keys = np.unique(np.concatenate([keys, user * posts + post]))
    keys = np.sort(rng.choice(keys, pairs, replace=False))
    indptr = np.searchsorted(keys, np.arange(users + 1) * posts).astype(np.int64)
    return csr_matrix((np.ones(pairs, bool), (keys % posts).astype(np.int32), indptr))


@njit(parallel=True)
def _cooccurrences(  # type: ignore[no-untyped-def]
    user_start, user_post, post_start, post_user, sums, threads
):
    for t in prange(threads):
        total = sums[t]
        for i in range(t, len(post_start) - 1, threads):
            for e in range(post_start[i], post_start[i + 1]):
                u = post_user[e]
                for f in range(user_start[u], user_start[u + 1]):
                    total[user_post[f]] += 1.0


@njit(parallel=True)
def _scores(user_start, user_post, near, sums, threads):  # type: ignore[no-untyped-def]
    for t in prange(threads):
        total = sums[t]
        for u in range(t, len(user_start) - 1, threads):
            for e in range(user_start[u], user_start[u + 1]):
                i = user_post[e]
                for k in range(near.shape[1]):
                    total[near[i, k]] += 1.0


def floor(matrix: csr_matrix, neighbours: int, threads: int = 2) -> dict[str, float]:
    """The scatter-adds of the item part: a user's pairs of posts, and a post's neighbours."""

    def run(matrix: csr_matrix) -> dict[str, float]:
        turned = matrix.T.tocsr()
        posts = matrix.shape[1]
        near = np.random.default_rng(0).integers(0, posts, (posts, neighbours)).astype(np.int32)
        sums = np.zeros((threads, posts), np.float32)
        sides = (matrix.indptr, matrix.indices)
        start = clock()
        _cooccurrences(*sides, turned.indptr, turned.indices, sums, threads)
        fitted = clock()
        _scores(*sides, near, sums, threads)
        return spent(start, fitted)

    small = power_law(50, 40, 300)
    small.indptr, small.indices = (
        small.indptr.astype(matrix.indptr.dtype),
        small.indices.astype(matrix.indices.dtype),
    )
    run(small)  # compiles
    degree = np.diff(matrix.indptr).astype(float)
    return {**run(matrix), "additions": float((degree**2).sum() + degree.sum() * neighbours)}
