"""Baselines that every model is compared with: random, popularity, and recent popularity.

They share no code with the recommender, so that a fault there cannot hide here. Their feeds keep
the same rules: candidates only, and nothing that the user has seen or written.
"""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import TRENDING, ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.pair_keys import event_keys

HALF_LIFE_HOURS = 12.0
_CELLS = 4_000_000
"""Cells of the users x posts mask held at a time."""


def popularity(train: Snapshot, users: NDArray[np.int32], top_k: int) -> ScoredRows:
    """Rank posts by the number of users who acted on them.

    Args:
        train: The training data.
        users: (n,) int32 rows in ``Users`` to rank for.
        top_k: Posts for each user.

    Returns:
        Ranked rows, sorted by (user, rank).
    """
    n_posts = len(train.posts.ids)
    pairs = event_keys(train.interactions, n_posts)
    return _ranked(train, users, top_k, np.bincount(pairs % n_posts, minlength=n_posts))


def recent_popularity(
    train: Snapshot, users: NDArray[np.int32], top_k: int, half_life_hours: float = HALF_LIFE_HOURS
) -> ScoredRows:
    """Rank posts by the number of events, each decayed by its age before ``as_of``.

    Without timestamps there is no decay.

    Args:
        train: The training data.
        users: (n,) int32 rows in ``Users`` to rank for.
        top_k: Posts for each user.
        half_life_hours: Half-life of an event in hours.

    Returns:
        Ranked rows, sorted by (user, rank).
    """
    events, n_posts = train.interactions, len(train.posts.ids)
    age = (train.as_of - events.at) / 3600 if train.timed else np.zeros(len(events))
    weight = np.bincount(events.post, np.exp2(-age / half_life_hours), n_posts)
    return _ranked(train, users, top_k, weight)


def random(
    train: Snapshot, users: NDArray[np.int32], top_k: int, rng: np.random.Generator
) -> ScoredRows:
    """Rank candidates at random, in a different order for each user.

    Args:
        train: The training data.
        users: (n,) int32 rows in ``Users`` to rank for.
        top_k: Posts for each user.
        rng: Source of randomness.

    Returns:
        Ranked rows, sorted by (user, rank).
    """
    order = rng.permutation(np.flatnonzero(train.posts.candidate))
    # A rotation per user of one shuffle: each place is equally likely, without a sort per user.
    return _feeds(train, users, top_k, order, rng.integers(0, max(len(order), 1), len(users)))


def _ranked(
    train: Snapshot, users: NDArray[np.int32], top_k: int, weight: NDArray[np.number]
) -> ScoredRows:
    candidates = np.flatnonzero(train.posts.candidate)
    order = candidates[np.lexsort((candidates, -weight[candidates]))]
    return _feeds(train, users, top_k, order, np.zeros(len(users), np.int64))


def _feeds(
    train: Snapshot,
    users: NDArray[np.int32],
    top_k: int,
    order: NDArray[np.int64],
    offset: NDArray[np.int64],
) -> ScoredRows:
    """Take the first ``top_k`` allowed posts of ``order``, starting at each user's ``offset``."""
    n_posts, n = len(train.posts.ids), len(order)
    own_user, own_post = train.posts.author, np.arange(n_posts)
    own = np.bincount(own_user[own_user >= 0], minlength=len(train.users.ids))
    reach = np.minimum(top_k + np.diff(train.seen.indptr)[users] + own[users], n)
    position = np.full(n_posts, -1)
    position[order] = np.arange(n)
    parts: list[tuple[NDArray[np.signedinteger], ...]] = [(np.zeros(0, np.int32),) * 3]
    by_reach = np.argsort(reach, kind="stable")  # long histories share a chunk
    start = 0
    while start < len(users):
        end = start + 1
        while end < len(users) and (end + 1 - start) * int(reach[by_reach[end]]) <= _CELLS:
            end += 1
        who = by_reach[start:end]
        width = int(reach[who].max(initial=0))
        free = np.ones((len(who), width), bool)
        seen = train.seen[users[who]]
        line = np.repeat(np.arange(len(who)), np.diff(seen.indptr))
        _forbid(free, line, position[seen.indices], offset[who], n)
        if (own_user >= 0).any():
            place = np.full(len(train.users.ids), -1)
            place[users[who]] = np.arange(len(who))
            mine = (own_user >= 0) & (place[np.maximum(own_user, 0)] >= 0)
            _forbid(free, place[own_user[mine]], position[own_post[mine]], offset[who], n)
        rank = free.cumsum(axis=1)
        line, column = np.nonzero(free & (rank <= top_k))
        parts.append(
            (users[who][line], order[(column + offset[who][line]) % n], rank[line, column])
        )
        start = end
    user, post, rank = (np.concatenate(column) for column in zip(*parts, strict=True))
    sort = np.lexsort((rank, user))
    rank = rank[sort].astype(np.int16)
    return ScoredRows(
        user=user[sort].astype(np.int32),
        post=post[sort].astype(np.int32),
        score=1 - (rank - 1) / max(top_k, 1),  # the ranking is all that a baseline says
        rank=rank,
        reason=np.full(len(rank), TRENDING, np.int8),
        evidence=np.zeros(len(rank), np.int32),
    )


def _forbid(
    free: NDArray[np.bool_],
    line: NDArray[np.int64],
    position: NDArray[np.int64],
    offset: NDArray[np.int64],
    n: int,
) -> None:
    column = (position - offset[line]) % max(n, 1)
    hit = (position >= 0) & (column < free.shape[1])
    free[line[hit], column[hit]] = False
