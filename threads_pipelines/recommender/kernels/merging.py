"""Grouping events by user and merging them into pairs, compiled: one look at each event.

Done with numpy's gathers and sorts, this would cost several copies of all events.
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
    """Starts (n + 1,) and the positions of each key 0 … n − 1, ascending; -1 is left out."""
    start, grouped = _counting_sort(keys, n)
    return start, grouped


@compiled
def _latest_first(user: int, row: Any, post: Any, kind: Any, at: Any, key: Any) -> None:
    """Sort the events of a user by what they are alone, whatever order they were read in.

    Where times tie or are missing the posts come shuffled, differently for each user: no end of the
    ids may be what everybody did last.
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
    """Merge the events of each user (``group_by``) into pairs, the latest first, at most ``cap``.

    Sorts each user's part of ``grouped``, the longest of which has ``longest`` events.
    events: post, kind, time and trust of each; no trust where all count alike. A pair of n events
    weighs 1 + gain·ln(n) times its strongest; its age is the hours since its latest; its trust is
    the highest.
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
    """Starts, rows and values of the columns of compressed rows, the rows ascending."""
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
