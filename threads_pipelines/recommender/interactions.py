"""Events as user-post pairs, in compressed rows and columns ordered by recency."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.snapshot import INTERACTION_TYPES, Snapshot

Floats = NDArray[np.float32]
NONE: Floats = np.zeros(0, np.float32)
"""No values: what stands for a binary matrix in ``Lists``."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distinct (user, post) pairs, twice: by user, the latest first, and by post, in user order.

    user_start: (n_users + 1,) int64; user_post, user_weight, user_age: (n_pairs,) int32, float32
        and float32, the post, the worth of the pair's events and the hours since its last event.
    post_start: (n_posts + 1,) int64; post_user, post_age: (n_pairs,) int32 and float32.
    """

    user_start: NDArray[np.int64]
    user_post: NDArray[np.int32]
    user_weight: Floats
    user_age: Floats
    post_start: NDArray[np.int64]
    post_user: NDArray[np.int32]
    post_age: Floats

    @property
    def user_degree(self) -> NDArray[np.int64]:
        """(n_users,) posts that each user acted on."""
        return np.diff(self.user_start)

    @property
    def post_degree(self) -> NDArray[np.int64]:
        """(n_posts,) users who acted on each post."""
        return np.diff(self.post_start)


@njit(cache=True, nogil=True)
def _group(keys: Any, order: Any, n: int) -> Any:
    """Counting sort: starts of each key and the positions of ``order``, stable."""
    start = np.zeros(n + 1, np.int64)
    for e in order:
        start[keys[e] + 1] += 1
    for k in range(n):
        start[k + 1] += start[k]
    place = start[:-1].copy()
    grouped = np.empty(len(order), np.int32)
    for e in order:
        grouped[place[keys[e]]] = e
        place[keys[e]] += 1
    return start, grouped


@njit(cache=True, nogil=True)
def _merge_repeats(start: Any, grouped: Any, post: Any, worth: Any, n_posts: int, cap: int) -> Any:
    """Per pair, in row order: its latest event, its strongest worth, its count of events."""
    n_users = len(start) - 1
    slot = np.full(n_posts, -1, np.int32)
    event = np.empty(len(grouped), np.int32)
    best = np.empty(len(grouped), np.float32)
    count = np.empty(len(grouped), np.int32)
    pair_start = np.zeros(n_users + 1, np.int64)
    n = 0
    for u in range(n_users):
        first = n
        for k in range(start[u], start[u + 1]):
            e = grouped[k]
            s = slot[post[e]]
            if s >= first:
                count[s] += 1
                best[s] = max(best[s], worth[e])
            elif n < first + cap:
                slot[post[e]] = n
                event[n], best[n], count[n] = e, worth[e], 1
                n += 1
        pair_start[u + 1] = n
    return pair_start, event[:n], best[:n], count[:n]


def group_by(keys: NDArray[np.int32], n: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Starts (n + 1,) and the positions of each key 0 … n − 1, ascending; others are left out."""
    start, grouped = _group(keys, np.flatnonzero(keys >= 0).astype(np.int32), n)
    return start, grouped


def _latest_first(at: NDArray[np.int64]) -> NDArray[np.int32]:
    """Positions by descending time; a long span is cut into 4 million steps, a second or more."""
    if not len(at):
        return np.zeros(0, np.int32)
    ago = at.max() - at
    ago //= max(1, int(ago.max()) // 4_000_000)
    return group_by(ago.astype(np.int32), int(ago.max()) + 1)[1]


def pairs_of(snapshot: Snapshot, settings: RecommenderSettings) -> Pairs:
    """Merge events into pairs; events whose type weighs nothing are left out.

    Where counting every co-occurrence would cost too much (the sum of squared histories), a user's
    latest ``history_cap`` posts count.
    """
    events = snapshot.interactions
    worth_of = np.array(
        [getattr(settings.weights, kind) for kind in INTERACTION_TYPES], dtype=np.float32
    )
    worth = worth_of[events.kind]
    kept = np.flatnonzero(worth > 0).astype(np.int32)
    if snapshot.timed:
        kept = kept[_latest_first(events.at[kept])]
    order = kept
    n_users, n_posts = len(snapshot.users.ids), len(snapshot.posts.ids)

    user, post = events.user[order], events.post[order]
    start, grouped = _group(user, np.arange(len(order), dtype=np.int32), n_users)
    cost = float((np.diff(start).astype(np.float64) ** 2).sum())
    cap = n_posts if cost <= settings.exact_reads else settings.history_cap
    user_start, event, best, count = _merge_repeats(
        start, grouped, post, worth[order], n_posts, cap
    )
    del start, grouped
    age = np.zeros(len(order), np.float32)
    if snapshot.timed:
        age = np.maximum(snapshot.as_of - events.at[order], 0).astype(np.float32)
        age /= np.float32(3600)
    post_of, owner = post[event], user[event]
    post_start, in_columns = _group(post_of, np.arange(len(event), dtype=np.int32), n_posts)
    age = age[event]
    weight = best * (1 + np.float32(settings.repeat_gain) * np.log(count, dtype=np.float32))
    return Pairs(
        user_start=user_start,
        user_post=post_of,
        user_weight=weight,
        user_age=age,
        post_start=post_start,
        post_user=owner[in_columns],
        post_age=age[in_columns],
    )


def decay(age_hours: Floats, half_life_hours: float | None) -> Floats:
    """2^(−age / half-life), float32; 1 where there is no half-life."""
    if half_life_hours is None:
        return np.ones_like(age_hours)
    faded: Floats = np.exp2(age_hours / np.float32(-half_life_hours))
    return faded


def decayed(
    pairs: Pairs, half_life_hours: float | None, place: NDArray[np.int64] | slice = slice(None)
) -> Floats:
    """(n,) worth of the pairs at these places of the rows, decayed by age; a view without decay."""
    if half_life_hours is None:
        return pairs.user_weight[place]
    value = decay(pairs.user_age[place], half_life_hours)
    value *= pairs.user_weight[place]
    return value


def profiles(pairs: Pairs, half_life_hours: float | None) -> Floats:
    """(n_pairs,) worth of the pairs in their user's profile: decayed from the user's latest event.

    Not from now, so that the profile of somebody who was away for months does not fade to nothing:
    only the proportions inside one profile matter.
    """
    if half_life_hours is None:
        return pairs.user_weight
    begin = pairs.user_start[:-1][pairs.user_degree > 0]
    latest = np.repeat(pairs.user_age[begin], np.diff(np.append(begin, len(pairs.user_age))))
    value = decay(pairs.user_age - latest, half_life_hours)
    value *= pairs.user_weight
    return value


def row_sums(start: NDArray[np.int64], value: Floats) -> Floats:
    """(n,) sums of the values of each compressed row."""
    total = np.add.reduceat(np.append(value, np.float32(0)), start[:-1])
    return np.where(np.diff(start) > 0, total, np.float32(0))
