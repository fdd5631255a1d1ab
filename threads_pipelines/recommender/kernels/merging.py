"""Compiled kernels that group events by user and merge them into pairs in one pass.

The same work with numpy's gathers and sorts would need several copies of all events.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.compiled import compiled
from threads_pipelines.recommender.kernels.selection import sort_descending

_HOUR = np.float32(3600)


@compiled
def _counting_sort(keys: Any, n: int) -> Any:
    start = np.zeros(n + 1, np.int64)
    for key in keys:
        if key >= 0:
            start[key + 1] += 1
    for k in range(n):
        start[k + 1] += start[k]
    place = start[:-1].copy()
    grouped = np.empty(start[n], np.int32)
    for e in range(len(keys)):
        if keys[e] >= 0:
            grouped[place[keys[e]]] = e
            place[keys[e]] += 1
    return start, grouped


def group_by(keys: NDArray[np.int32], n: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Group the positions of an array by key, as a counting sort does.

    Args:
        keys: (m,) int32 keys in [0, n); positions with the key -1 are left out.
        n: Number of keys.

    Returns:
        start (n + 1,) int64 and positions int32: the positions of key ``k`` are
        ``positions[start[k]:start[k + 1]]``, ascending.
    """
    start, grouped = _counting_sort(keys, n)
    return start, grouped


@compiled
def _latest_first(user: int, row: Any, post: Any, kind: Any, at: Any, key: Any) -> None:
    """Sort one user's events by (time, post, type), latest first, independent of the order of
    reading.

    Posts of equal time come in a pseudo-random order that differs between users. An order by id
    would put the same posts last in every history.
    """
    for k in range(len(row)):
        e = row[k]
        # The factors are odd, so that posts stay distinct below 2^28.
        scattered = (post[e] * np.int64(0x9E3779B1) + user * np.int64(0x85EBCA77)) & 0xFFFFFFF
        key[k] = (at[e] & 0xFFFFFFFF) << 31 | scattered << 3 | kind[e]
    sort_descending(key, row)


@compiled
def merge_repeats(
    start: Any,
    grouped: Any,
    events: Any,
    worth_of: Any,
    repeat_gain: float,
    as_of: int,
    timed: bool,
    n_posts: int,
    longest: int,
    cap: int,
    pair_start: Any,
    pair_post: Any,
    pair_weight: Any,
    pair_age: Any,
    pair_trust: Any,
) -> None:
    """Merge the events of each user into at most ``cap`` pairs, latest first.

    A pair of n events weighs 1 + gain·ln(n) times its strongest event. Its age is the time since
    its latest event.

    Args:
        start: (n_users + 1,) int64, where each user's part of ``grouped`` begins.
        grouped: Positions of the events by user (``group_by``); each user's part is sorted in
            place.
        events: Post, type, time (epoch seconds) and trust of each event.
        worth_of: float32, weight of each event type.
        repeat_gain: The gain, at least 0.
        as_of: Instant from which ages count, in epoch seconds.
        timed: Whether the times mean anything; if not, all ages are 0.
        n_posts: Number of posts.
        longest: Number of events of the user with most events.
        cap: Most pairs of a user.
        pair_start: (n_users + 1,) int64; receives where each user's pairs begin.
        pair_post: (m,) int32; receives the post of each pair.
        pair_weight: (m,) float32; receives the weight.
        pair_age: (m,) float32; receives the age in hours.
        pair_trust: (m,) float32, or (0,); receives the trust.
    """
    post, kind, at, trust = events
    slot = np.full(n_posts, -1, np.int64)
    count, key = np.empty(longest, np.int32), np.empty(longest, np.int64)
    n = 0
    for u in range(len(start) - 1):
        first = n
        row = grouped[start[u] : start[u + 1]]
        _latest_first(u, row, post, kind, at, key[: len(row)])
        for e in row:
            s = slot[post[e]]
            if s >= first:
                count[s - first] += 1
                pair_weight[s] = max(pair_weight[s], worth_of[kind[e]])
                if len(trust) > 0:
                    pair_trust[s] = max(pair_trust[s], trust[e])
            elif n < first + cap:
                slot[post[e]] = n
                count[n - first] = 1
                pair_post[n], pair_weight[n] = post[e], worth_of[kind[e]]
                pair_age[n] = np.float32(max(as_of - at[e], 0)) / _HOUR if timed else 0
                if len(trust) > 0:
                    pair_trust[n] = trust[e]
                n += 1
        for s in range(first, n):
            if count[s - first] > 1:
                pair_weight[s] *= np.float32(1 + repeat_gain * np.log(count[s - first]))
        pair_start[u + 1] = n


@compiled
def by_column(row_start: Any, column: Any, value: Any, n_columns: int) -> Any:
    """Transpose compressed rows.

    Args:
        row_start: (n_rows + 1,) int64, where each row begins.
        column: (m,) int32 columns.
        value: (m,) float32 values.
        n_columns: Number of columns.

    Returns:
        start (n_columns + 1,) int64, rows (m,) int32 and values (m,) float32 of each column, the
        rows ascending.
    """
    start = np.zeros(n_columns + 1, np.int64)
    for j in column:
        start[j + 1] += 1
    for j in range(n_columns):
        start[j + 1] += start[j]
    place = start[:-1].copy()
    row, turned = np.empty(len(column), np.int32), np.empty(len(column), np.float32)
    for r in range(len(row_start) - 1):
        for k in range(row_start[r], row_start[r + 1]):
            at = place[column[k]]
            row[at], turned[at] = r, value[k]
            place[column[k]] += 1
    return start, row, turned
