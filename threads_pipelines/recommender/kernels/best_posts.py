"""The best of many posts, where equal values are settled by the rows of the posts, compiled."""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled
from threads_pipelines.recommender.kernels.selection import keep_largest, sort_descending


@compiled
def keep_best(values: Any, posts: Any, ascending: bool, best_value: Any, best_post: Any) -> int:
    """Find the posts with the largest positive values, in no order; of equal ones the first rows.

    Args:
        values: (n,) float32.
        posts: (n,) int32, the post of each value.
        ascending: Whether ``posts`` ascend.
        best_value: (k,) float32; receives the values.
        best_post: (k,) int32; receives the posts.

    Returns:
        The number of posts, at most k.
    """
    size: int = keep_largest(values, best_value, best_post)
    least, kept = np.float32(np.inf), 0
    for s in range(size):
        best_post[s] = posts[best_post[s]]
        least = min(least, best_value[s])
    if size < len(best_value) or size == 0:
        return size
    equal = np.int32(0)
    for v in range(len(values)):
        equal += np.int32(values[v] == least)
    for s in range(size):
        kept += best_value[s] == least
    if equal == kept:
        return size
    first = np.empty(kept if ascending else equal, np.int32)
    n = 0
    for v in range(len(values)):
        if values[v] == least:
            first[n] = posts[v]
            n += 1
            if n == len(first):
                break
    if not ascending:
        first.sort()
    n = 0
    for s in range(size):
        if best_value[s] == least:
            best_post[s] = first[n]
            n += 1
    return size


@compiled
def best_posts(values: Any, posts: Any, ascending: bool, best_value: Any, best_post: Any) -> int:
    """Find posts as ``keep_best`` does, the largest value first, of equal ones the first row.

    Args:
        values: (n,) float32.
        posts: (n,) int32, the post of each value.
        ascending: Whether ``posts`` ascend.
        best_value: (k,) float32; receives the values.
        best_post: (k,) int32; receives the posts.

    Returns:
        The number of posts, at most k.
    """
    size: int = keep_best(values, posts, ascending, best_value, best_post)
    sort_descending(best_value[:size], best_post[:size])
    return size
