"""What must be true of a snapshot before anything is learnt from it."""

from dataclasses import fields

import numpy as np

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot


def outside_window(snapshot: Snapshot, look_back_seconds: float) -> int:
    """Count of events that are not in [as_of - look_back, as_of]; 0 where there are no times.

    The window is open at its beginning, but times are cut to whole seconds: an event just inside
    is seen at the very beginning.
    """
    if not snapshot.timed:
        return 0
    at = snapshot.interactions.at
    return int(np.count_nonzero((at > snapshot.as_of) | (at < snapshot.as_of - look_back_seconds)))


def dangling(snapshot: Snapshot) -> int:
    """Count of events whose user, post or type is not a row of the snapshot, or not seen.

    An event is also a pair that must not be recommended again: one that is missing from ``seen``
    would come back as a recommendation.
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
    """Name the first array whose length or indices do not fit the others; None where all do."""
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
