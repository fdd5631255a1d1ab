"""Smoothing over the graph of users and posts, compiled: to each user and back in one pass."""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled
from threads_pipelines.recommender.kernels.prefetch import prefetch

_AHEAD = 4
"""Posts between the one that is read and the one that is fetched."""


@compiled
def smooth(start: Any, post: Any, trust: Any, user_scale: Any, basis: Any, total: Any) -> None:
    """Add Rᵀ·diag(user_scale)·R·basis to ``total``, user by user.

    Args:
        start: (n_users + 1,) int64, the pairs of each user.
        post: (n_pairs,) int32, the post of each pair.
        trust: (n_pairs,) float32, the entries of R; (0,) if all are 1.
        user_scale: (n_users,) float32.
        basis: (n_posts, w) float32, contiguous.
        total: (n_posts, w) float32, contiguous; receives the sums.
    """
    width = basis.shape[1]
    flat, out = basis.reshape(-1), total.reshape(-1)
    summed, part = np.empty(width, np.float32), np.empty(width, np.float32)
    for u in range(len(start) - 1):
        begin, end = start[u], start[u + 1]
        summed[:] = 0
        for k in range(begin, end):
            after = np.int64(post[min(k + _AHEAD, len(post) - 1)]) * width
            prefetch(flat, after, after + width)
            row = flat[np.int64(post[k]) * width : np.int64(post[k] + 1) * width]
            if len(trust) > 0:
                for f in range(len(summed)):
                    summed[f] += trust[k] * row[f]
            else:
                for f in range(len(summed)):
                    summed[f] += row[f]
        summed *= user_scale[u]
        for k in range(begin, end):
            after = np.int64(post[min(k + _AHEAD, len(post) - 1)]) * width
            prefetch(out, after, after + width)
            row = out[np.int64(post[k]) * width : np.int64(post[k] + 1) * width]
            if len(trust) > 0:
                part[:] = trust[k] * summed
                for f in range(len(summed)):
                    row[f] += part[f]
            else:
                for f in range(len(summed)):
                    row[f] += summed[f]
