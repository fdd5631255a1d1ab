"""Events as user-post pairs, in compressed rows and columns ordered by recency."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot
from threads_pipelines.recommender.component_settings import EventSettings
from threads_pipelines.recommender.kernels.merging import by_column, group_by, merge_repeats
from threads_pipelines.recommender.sparse_rows import NO_VALUES

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Distinct (user, post) pairs, twice: by user, the latest first, and by post, in user order.

    user_start: (n_users + 1,) int64; user_post, user_weight, user_age: (n_pairs,) int32, float32
        and float32, the post, the worth of the pair's events and the hours since its last event.
    post_start: (n_posts + 1,) int64; post_user, post_age: (n_pairs,) int32 and float32.
    user_trust, post_trust: (n_pairs,) float32 in [0, 1], what a pair counts for other people, by
        user and by post; (0,) where all pairs count alike.
    """

    user_start: NDArray[np.int64]
    user_post: NDArray[np.int32]
    user_weight: Floats
    user_age: Floats
    post_start: NDArray[np.int64]
    post_user: NDArray[np.int32]
    post_age: Floats
    user_trust: Floats
    post_trust: Floats

    @property
    def user_degree(self) -> NDArray[np.int64]:
        """(n_users,) posts that each user acted on."""
        return np.diff(self.user_start)

    @property
    def post_degree(self) -> NDArray[np.int64]:
        """(n_posts,) users who acted on each post."""
        return np.diff(self.post_start)

    @property
    def trusted_post_degree(self) -> NDArray[np.float64]:
        """(n_posts,) trust of the users who acted on each post, summed."""
        if len(self.post_trust) == 0:
            return self.post_degree.astype(np.float64)
        return row_sums(self.post_start, self.post_trust).astype(np.float64)

    def trusted(self, value: Floats, place: NDArray[np.int64] | slice = slice(None)) -> Floats:
        """(n,) values of the pairs at these places of the rows by user, times their trust."""
        return value if len(self.user_trust) == 0 else value * self.user_trust[place]


def pairs_of(
    snapshot: Snapshot, settings: EventSettings, trust: NDArray[np.float32] = NO_VALUES
) -> Pairs:
    """Merge events into pairs; events whose type weighs nothing are left out.

    trust: (n_events,) in [0, 1], what each event counts for other people; (0,): all count alike.

    Where counting every co-occurrence would cost too much (the sum of squared histories), a user's
    latest ``history_cap`` posts count.
    """
    events, weights = snapshot.interactions, settings.weights
    worth_of = np.array([getattr(weights, kind) for kind in INTERACTION_TYPES], np.float32)
    n_users, n_posts = len(snapshot.users.ids), len(snapshot.posts.ids)
    counting = np.where((worth_of > 0)[events.kind], events.user, np.int32(-1))
    start, grouped = group_by(counting, n_users)
    del counting
    length = np.diff(start)
    cost = float((length.astype(np.float64) ** 2).sum())
    cap = n_posts if cost <= settings.exact_reads else settings.history_cap
    user_start = np.zeros(n_users + 1, np.int64)
    user_post = np.empty(len(grouped), np.int32)
    user_weight, user_age = (np.empty(len(grouped), np.float32) for _ in range(2))
    user_trust = np.empty(len(grouped) if len(trust) else 0, np.float32)
    merge_repeats(
        start, grouped, (events.post, events.kind, events.at, trust), worth_of,
        settings.repeat_gain,
        snapshot.as_of, snapshot.timed, n_posts, int(length.max(initial=0)), cap,
        user_start, user_post, user_weight, user_age, user_trust,
    )  # fmt: skip
    del start, grouped
    for array in (user_post, user_weight, user_age):
        array.resize(int(user_start[-1]), refcheck=False)  # in place: repeats leave room behind
    post_start, post_user, post_age = by_column(user_start, user_post, user_age, n_posts)
    post_trust = NO_VALUES
    if len(trust):
        user_trust = user_trust[: user_start[-1]]
        post_trust = by_column(user_start, user_post, user_trust, n_posts)[2]
    return Pairs(
        user_start=user_start,
        user_post=user_post,
        user_weight=user_weight,
        user_age=user_age,
        post_start=post_start,
        post_user=post_user,
        post_age=post_age,
        user_trust=user_trust,
        post_trust=post_trust,
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
