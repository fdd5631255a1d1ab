"""Keeping the largest of many values, compiled: mostly one pass that vector units can do.

Values are compared by their bits: those of positive float32 numbers are in the order of the
numbers, and whole numbers have no NaN that would keep a loop from the vector units.
"""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled

_LANE = 16
"""Values at most that share one maximum in ``keep_largest``."""


@compiled
def _fold(bits: Any, lanes: Any) -> None:
    """The largest value, at least 0, at each place modulo the number of lanes."""
    lanes[:] = 0
    n_lanes = len(lanes)
    for low in range(0, len(bits), n_lanes):
        part = bits[low : low + n_lanes]
        for b in range(len(part)):
            if part[b] > lanes[b]:
                lanes[b] = part[b]


@compiled
def _kth_largest(bits: Any, k: int) -> Any:
    """The k-th largest of at least k values of at least 0: each bit of it by one count."""
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
    """Move the ``most`` largest to the front, the earlier of equal ones; returns the least."""
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
    """The largest value, at least 0."""
    lanes = np.empty(256, np.int32)
    _fold(values.view(np.int32), lanes)
    return lanes.view(np.float32).max()


@compiled
def keep_largest(values: Any, best_value: Any, best_place: Any) -> int:
    """Find the largest positive values, in no order; which of equal ones depends on data alone.

    Of n lanes, the k-th largest maximum is exceeded by at least k values, so all others are out
    after one look. The rest go through a buffer of twice the size, halved when it is full.
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
    """Sort both by value, the largest first, the smaller place first among equals."""
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


@compiled
def best_first(values: Any, best_value: Any, best_place: Any) -> int:
    """As ``keep_largest``, sorted: the largest first, the earlier place first among equals."""
    size: int = keep_largest(values, best_value, best_place)
    sort_descending(best_value[:size], best_place[:size])
    return size


@compiled
def _waits(post: Any, feed: Any, author: Any, cap: int) -> bool:
    """Whether the author of a post has as many in the feed as one may; 0 is no cap."""
    writer = author[post]
    return cap > 0 and writer >= 0 and (author[feed] == writer).sum() >= cap


@compiled
def arrange(best: Any, fresh: Any, author: Any, cap: int, every: int, feed: Any) -> int:
    """Fill a feed from posts in order; returns its size.

    One place in ``every`` goes to the next of ``fresh`` unless such a post stands in those places
    anyway; an author with ``cap`` posts waits, in those places too, until nobody else is left.
    0 switches either off.
    """
    size = place = n_fresh = waiting = 0
    fresh_at = -1
    held = np.empty(len(best), np.int32)
    while size < len(feed):
        if every > 0 and (size + 1) % every == 0 and fresh_at <= size - every:
            while n_fresh < len(fresh) and (
                (feed[:size] == fresh[n_fresh]).any()
                or _waits(fresh[n_fresh], feed[:size], author, cap)
            ):
                n_fresh += 1
            if n_fresh < len(fresh):
                feed[size], fresh_at = fresh[n_fresh], size
                size += 1
                continue
        if place < len(best):
            post = best[place]
            place += 1
            if _waits(post, feed[:size], author, cap):
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
