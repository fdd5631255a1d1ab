"""Events merged into user-post pairs, as compressed rows and columns ordered by recency."""

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
    """Distinct (user, post) pairs, stored twice: by user with the latest first, and by post.

    Attributes:
        user_start: (n_users + 1,) int64, where each user's pairs begin.
        user_post: (n_pairs,) int32, the post of each pair.
        user_weight: (n_pairs,) float32, the weight of the pair's events.
        user_age: (n_pairs,) float32, hours since the pair's latest event.
        post_start: (n_posts + 1,) int64, where each post's pairs begin.
        post_user: (n_pairs,) int32, the user of each pair, ascending within a post.
        post_age: (n_pairs,) float32, hours since the pair's latest event.
        user_trust: (n_pairs,) float32 in [0, 1], what a pair counts for other people, by user; (0,)
            if all pairs count alike.
        post_trust: (n_pairs,) float32, the same by post.
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
        """Multiply values of pairs by their trust.

        Args:
            value: (n,) float32.
            place: Positions of these pairs in the arrays by user.

        Returns:
            (n,) float32; ``value`` itself if all pairs count alike.
        """
        return value if len(self.user_trust) == 0 else value * self.user_trust[place]


def pairs_of(
    snapshot: Snapshot, settings: EventSettings, trust: NDArray[np.float32] = NO_VALUES
) -> Pairs:
    """Merge events into user-post pairs; events whose type has weight 0 are left out.

    If counting every co-occurrence costs too much (the sum of squared lengths of histories), only
    the latest ``history_cap`` posts of each user count.

    Args:
        snapshot: The events.
        settings: Weights of event types, and limits.
        trust: (n_events,) float32 in [0, 1], what each event counts for other people; (0,) if all
            count alike.

    Returns:
        The distinct pairs, by user and by post.
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
    """Compute 2^(−age / half-life).

    Args:
        age_hours: (n,) float32 ages in hours.
        half_life_hours: The half-life in hours; None means no decay.

    Returns:
        (n,) float32 in (0, 1]; 1 without decay.
    """
    if half_life_hours is None:
        return np.ones_like(age_hours)
    faded: Floats = np.exp2(age_hours / np.float32(-half_life_hours))
    return faded


def decayed(
    pairs: Pairs, half_life_hours: float | None, place: NDArray[np.int64] | slice = slice(None)
) -> Floats:
    """Return the weights of pairs, decayed by age.

    Args:
        pairs: All user-post pairs.
        half_life_hours: The half-life in hours; None means no decay.
        place: Positions in the arrays by user. Default: all.

    Returns:
        (n,) float32; without decay a view of ``pairs.user_weight`` where possible.
    """
    if half_life_hours is None:
        return pairs.user_weight[place]
    value = decay(pairs.user_age[place], half_life_hours)
    value *= pairs.user_weight[place]
    return value


def profiles(pairs: Pairs, half_life_hours: float | None) -> Floats:
    """Return the weights of pairs in their user's profile, decayed from the user's latest event.

    Decay does not start from now, because only the proportions within one profile matter. The
    profile of a user who was away for months would otherwise decay to nothing.

    Args:
        pairs: All user-post pairs.
        half_life_hours: The half-life in hours; None means no decay.

    Returns:
        (n_pairs,) float32, in the order of the arrays by user.
    """
    if half_life_hours is None:
        return pairs.user_weight
    begin = pairs.user_start[:-1][pairs.user_degree > 0]
    latest = np.repeat(pairs.user_age[begin], np.diff(np.append(begin, len(pairs.user_age))))
    value = decay(pairs.user_age - latest, half_life_hours)
    value *= pairs.user_weight
    return value


def row_sums(start: NDArray[np.int64], value: Floats) -> Floats:
    """Sum the values of each compressed row.

    Args:
        start: (n + 1,) int64, where each row begins.
        value: (m,) float32.

    Returns:
        (n,) float32; 0 for an empty row.
    """
    total = np.add.reduceat(np.append(value, np.float32(0)), start[:-1])
    return np.where(np.diff(start) > 0, total, np.float32(0))
