"""Keeping the largest of many values, compiled: a small heap behind a cheap threshold."""

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
