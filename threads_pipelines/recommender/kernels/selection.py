"""Compiled selection of the largest of many values, mostly one pass that the compiler vectorises.

Values are compared by their bits. The bits of positive float32 numbers are ordered as the numbers
are, and integers have no NaN, which would prevent vectorisation.
"""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled

_LANE = 16
"""Values at most that share one maximum in ``keep_largest``."""


@compiled
def _fold(bits: Any, lanes: Any) -> None:
    """Write the largest value, at least 0, of the positions that are equal modulo the number of
    lanes.
    """
    lanes[:] = 0
    n_lanes = len(lanes)
    for low in range(0, len(bits), n_lanes):
        part = bits[low : low + n_lanes]
        for b in range(len(part)):
            if part[b] > lanes[b]:
                lanes[b] = part[b]


@compiled
def _kth_largest(bits: Any, k: int) -> Any:
    """Return the k-th largest of at least k non-negative values, found bit by bit."""
    found = np.int32(0)
    for bit in range(30, -1, -1):
        trial = np.int32(found | np.int32(1 << bit))
        count = np.int32(0)
        for b in range(len(bits)):
            count = np.int32(count + np.int32(bits[b] >= trial))
        if count >= k:
            found = trial
    return found


@compiled
def _shrink(bits: Any, place: Any, most: int) -> Any:
    """Move the ``most`` largest values to the front, the earlier of equal ones; return the smallest
    kept.
    """
    least = _kth_largest(bits, most)
    equal = most
    for b in range(len(bits)):
        equal -= bits[b] > least
    size = 0
    for b in range(len(bits)):
        if bits[b] > least or (bits[b] == least and equal > 0):
            equal -= bits[b] == least
            bits[size], place[size] = bits[b], place[b]
            size += 1
    return least


@compiled
def largest(values: Any) -> Any:
    """Return the largest value.

    Args:
        values: (n,) float32.

    Returns:
        The largest value; 0 if none is positive.
    """
    lanes = np.empty(256, np.int32)
    _fold(values.view(np.int32), lanes)
    return lanes.view(np.float32).max()


@compiled
def keep_largest(values: Any, best_value: Any, best_place: Any) -> int:
    """Select the largest positive values, in no particular order.

    With n lanes, at least k values are as large as the k-th largest maximum of a lane, so one pass
    excludes all smaller ones. The others go through a buffer of twice the size that is halved when
    full. Ties are broken by position, so the result depends on the data alone.

    Args:
        values: (n,) float32.
        best_value: (k,) float32; receives the selected values.
        best_place: (k,) int32; receives their positions.

    Returns:
        Number of selected values, at most k.
    """
    n, most = len(values), len(best_value)
    if n == 0 or most == 0:
        return 0
    bits = values.view(np.int32)
    lanes = np.empty(min(max(n // _LANE, 3 * most), n), np.int32)
    coarse = np.empty(min(3 * most, n), np.int32)
    _fold(bits, lanes)
    _fold(lanes, coarse)
    least = np.int32(1)
    if most < len(coarse):
        least = max(least, _kth_largest(coarse, most))
    held, place, size = np.empty(2 * most, np.int32), np.empty(2 * most, np.int32), 0
    for b in range(len(lanes)):
        if lanes[b] >= least:
            for j in range(b, n, len(lanes)):
                if bits[j] >= least:
                    held[size], place[size] = bits[j], j
                    size += 1
                    if size == 2 * most:
                        least = np.int32(_shrink(held, place, most) + 1)
                        size = most
    if size > most:
        _shrink(held[:size], place, most)
        size = most
    best_value[:size] = held[:size].view(np.float32)
    best_place[:size] = place[:size]
    return size


@compiled
def sort_descending(values: Any, places: Any) -> None:
    """Sort two arrays in place by value, largest first; equal values by position, smallest first.

    Args:
        values: (n,) sort keys.
        places: (n,) positions that move with their keys.
    """
    gap = len(values)
    while gap > 1:  # Shell's sort: short to compile, and quick on the few that there are
        gap = max(1, gap * 5 // 11)
        for k in range(gap, len(values)):
            value, place, m = values[k], places[k], k
            while m >= gap and (
                values[m - gap] < value or (values[m - gap] == value and places[m - gap] > place)
            ):
                values[m], places[m] = values[m - gap], places[m - gap]
                m -= gap
            values[m], places[m] = value, place
