"""Conditions that a snapshot must meet before a model is fitted on it."""

from dataclasses import fields

import numpy as np

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot


def outside_window(snapshot: Snapshot, look_back_seconds: float) -> int:
    """Count the events outside the look-back window.

    The lower bound is inclusive, because times are cut to whole seconds.

    Args:
        snapshot: The snapshot.
        look_back_seconds: Length of the window in seconds.

    Returns:
        The number of events; 0 if the snapshot has no timestamps.
    """
    if not snapshot.timed:
        return 0
    at = snapshot.interactions.at
    return int(np.count_nonzero((at > snapshot.as_of) | (at < snapshot.as_of - look_back_seconds)))


def dangling(snapshot: Snapshot) -> int:
    """Count the events that refer to no row of the snapshot, or whose pair is missing from
    ``seen``.

    A pair that is missing from ``seen`` would be recommended to a user who has already seen the
    post.

    Args:
        snapshot: The snapshot.

    Returns:
        The number of events with an invalid user, post or type, plus the number of missing pairs.
    """
    events = snapshot.interactions
    valid = (
        _within(events.user, len(snapshot.users.ids))
        & _within(events.post, len(snapshot.posts.ids))
        & _within(events.kind, len(INTERACTION_TYPES))
    )
    width = np.int64(len(snapshot.posts.ids))
    pairs = np.sort(events.user[valid].astype(np.int64) * width + events.post[valid])
    owners = np.repeat(np.arange(len(snapshot.users.ids)), np.diff(snapshot.seen.indptr))
    # Sorted on both sides: np.unique and np.isin would hash and sort ten million pairs again.
    seen = np.append(owners * width + snapshot.seen.indices, np.iinfo(np.int64).max)
    unseen = pairs[seen[np.searchsorted(seen, pairs)] != pairs]
    return int(np.count_nonzero(~valid) + len(np.unique(unseen)))


def misfitting(snapshot: Snapshot) -> str | None:
    """Find an array whose length or indices do not fit the others.

    Args:
        snapshot: The snapshot.

    Returns:
        A sentence about the first such array; None if all fit.
    """
    users, posts, events = snapshot.users, snapshot.posts, snapshot.interactions
    for table, count in ((users, len(users.ids)), (posts, len(posts.ids)), (events, len(events))):
        for field in fields(table):
            array = getattr(table, field.name)
            if array.shape != (count,):
                return f"{field.name} has the shape {array.shape}, not ({count},)"
    for name, rows, low, high in (
        ("author", posts.author, -1, len(users.ids)),
        ("user", events.user, 0, len(users.ids)),
        ("post", events.post, 0, len(posts.ids)),
        ("kind", events.kind, 0, len(INTERACTION_TYPES)),
    ):
        if len(rows) and not (low <= rows.min() and rows.max() < high):
            return f"{name} has {rows.min()} to {rows.max()}, not within {low} to {high - 1}"
    return None


def _within(rows: np.ndarray, count: int) -> np.ndarray:
    return (rows >= 0) & (rows < count)
