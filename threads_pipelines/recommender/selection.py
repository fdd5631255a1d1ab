"""Keeping the largest of many values, compiled: a small heap and a scan that skips whole blocks."""

from typing import Any

import numpy as np
from numba import njit

_LANES = 64


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


@njit(cache=True, nogil=True, fastmath={"nnan", "nsz"})
def largest_in(values: Any, low: int, high: int) -> Any:
    """The largest value of a range, at least 0; no value is NaN, so the loop can run in lanes."""
    most = np.float32(0)
    for j in range(low, high):
        most = max(most, values[j])
    return most


@njit(cache=True, nogil=True)
def keep_largest(values: Any, heap_value: Any, heap_item: Any) -> int:
    """Put the largest positive values into the heap; the earlier place wins a tie."""
    n, most, size = len(values), len(heap_value), 0
    for low in range(0, n, _LANES):
        high = min(low + _LANES, n)
        if size == most and largest_in(values, low, high) <= heap_value[0]:
            continue
        for j in range(low, high):
            if values[j] > 0:
                size = offer(values[j], j, heap_value, heap_item, size)
    return size
