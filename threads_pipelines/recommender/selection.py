"""Keeping the largest of many values, compiled: a small heap behind a cheap threshold.

numba's cache looks at the file of the function that is called: after a change here, touch
``kernels.py`` or clear the cache.
"""

from typing import Any

import numpy as np
from numba import njit

_LANE = 32
"""Values at most that share one maximum in ``keep_largest``."""


@njit(cache=True, nogil=True)
def sift(heap_value: Any, heap_item: Any, size: int, k: int) -> None:
    """Restore a heap whose least value stands first, downwards from place k."""
    value, item = heap_value[k], heap_item[k]
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and heap_value[child + 1] < heap_value[child]:
            child += 1
        if heap_value[child] >= value:
            break
        heap_value[k], heap_item[k] = heap_value[child], heap_item[child]
        k = child
    heap_value[k], heap_item[k] = value, item


@njit(cache=True, nogil=True)
def offer(value: float, item: int, heap_value: Any, heap_item: Any, size: int) -> int:
    """Put one value into the heap where it belongs there; returns the heap's new size."""
    most = len(heap_value)
    if size < most:
        heap_value[size], heap_item[size] = value, item
        size += 1
        if size == most:
            for place in range(most // 2, -1, -1):
                sift(heap_value, heap_item, size, place)
    elif value > heap_value[0]:
        heap_value[0], heap_item[0] = value, item
        sift(heap_value, heap_item, size, 0)
    return size


@njit(cache=True, nogil=True)
def lane_maxima(values: Any, n_lanes: int) -> Any:
    """The largest value, at least 0, at each place modulo ``n_lanes``: a loop for vector units."""
    lanes = np.zeros(n_lanes, np.float32)
    for low in range(0, len(values), n_lanes):
        part = values[low : low + n_lanes]
        for b in range(len(part)):
            lanes[b] = part[b] if part[b] > lanes[b] else lanes[b]
    return lanes


@njit(cache=True, nogil=True)
def largest(values: Any) -> Any:
    """The largest value, at least 0."""
    return lane_maxima(values, 256).max()


@njit(cache=True, nogil=True)
def keep_largest(values: Any, heap_value: Any, heap_item: Any) -> int:
    """Put the largest positive values into the heap; which of equal ones depends on data alone.

    Of n lanes, the k-th largest maximum is exceeded by at least k values, so all others are out
    after one look.
    """
    n, most, size = len(values), len(heap_value), 0
    if n == 0 or most == 0:
        return 0
    n_lanes = max(min(max(n // _LANE, 8 * most), n), 1)
    lanes = lane_maxima(values, n_lanes)
    threshold = np.float32(0)
    if most < n_lanes:
        threshold = np.partition(lanes, n_lanes - most)[n_lanes - most]
    for b in range(n_lanes):
        if lanes[b] > 0 and lanes[b] >= threshold:
            for j in range(b, n, n_lanes):
                if values[j] > 0 and values[j] >= threshold:
                    size = offer(values[j], j, heap_value, heap_item, size)
    return size


@njit(cache=True, nogil=True)
def best_first(values: Any, heap_value: Any, heap_item: Any) -> int:
    """As ``keep_largest``, sorted: the largest first, the earlier place first among equals."""
    size = keep_largest(values, heap_value, heap_item)
    gap = size // 2
    while gap > 0:  # Shell's sort: short to compile, and quick on the few that there are
        for k in range(gap, size):
            value, item, m = heap_value[k], heap_item[k], k
            while m >= gap and (
                heap_value[m - gap] < value
                or (heap_value[m - gap] == value and heap_item[m - gap] > item)
            ):
                heap_value[m], heap_item[m] = heap_value[m - gap], heap_item[m - gap]
                m -= gap
            heap_value[m], heap_item[m] = value, item
        gap //= 2
    return size


@njit(cache=True, nogil=True)
def arrange(best: Any, fresh: Any, author: Any, cap: int, every: int, feed: Any) -> int:
    """Fill a feed from posts in order; returns its size.

    One place in ``every`` goes to the next of ``fresh`` unless such a post stands in those places
    anyway; an author with ``cap`` posts waits until nobody else is left. 0 switches either off.
    """
    size = place = n_fresh = waiting = 0
    fresh_at = -1
    held = np.empty(len(best), np.int32)
    while size < len(feed):
        if every > 0 and (size + 1) % every == 0 and fresh_at <= size - every:
            while n_fresh < len(fresh) and (feed[:size] == fresh[n_fresh]).any():
                n_fresh += 1
            if n_fresh < len(fresh):
                feed[size], fresh_at = fresh[n_fresh], size
                size += 1
                continue
        if place < len(best):
            post = best[place]
            place += 1
            taken = (author[feed[:size]] == author[post]).sum() if cap > 0 else 0
            if taken >= cap > 0 and author[post] >= 0:
                held[waiting] = post
                waiting += 1
                continue
        elif waiting > 0:
            post, held[: waiting - 1] = held[0], held[1:waiting].copy()
            waiting -= 1
        else:
            break
        if (feed[:size] == post).any():
            continue
        if every > 0 and (fresh == post).any():
            fresh_at = size
        feed[size] = post
        size += 1
    return size
