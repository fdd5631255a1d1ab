"""What must be true of a snapshot before anything is learnt from it."""

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


def _within(rows: np.ndarray, count: int) -> np.ndarray:
    return (rows >= 0) & (rows < count)
