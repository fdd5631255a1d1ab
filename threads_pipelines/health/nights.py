"""Counts one night from its snapshot and its feeds."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.night import SCORE_BINS, Night
from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot
from threads_pipelines.health.drift import histogram_of_scores

Batch = tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.float64]]


def summarize(snapshot: Snapshot, feeds: Iterable[Batch], *, orphans: int, rows_read: int) -> Night:
    """Count a snapshot and its feeds.

    Args:
        snapshot: What the night read.
        feeds: Batches of (n,) user ids, post ids and scores; one batch is in memory at a time.
        orphans: Number of rows that refer to no user or post of the snapshot.
        rows_read: Number of rows of ``user_interaction`` that were read.

    Returns:
        The counts.
    """
    events = snapshot.interactions
    counts = np.bincount(events.kind, minlength=len(INTERACTION_TYPES))
    active = np.zeros(len(snapshot.users.ids), bool)
    active[events.user] = True
    newest = float(snapshot.as_of - events.at.max()) / 3600 if len(events) else None
    rows = 0
    users: set[str] = set()
    posts: set[str] = set()
    scores = np.zeros(SCORE_BINS, np.int64)
    for user, post, score in feeds:
        rows += len(score)
        users.update(user)
        posts.update(post)
        scores += histogram_of_scores(score)
    return Night(
        interactions=len(events),
        types=dict(zip(INTERACTION_TYPES, counts.tolist(), strict=True)),
        orphans=orphans,
        rows_read=rows_read,
        users=int(snapshot.users.receives.sum()),
        cold_users=int((snapshot.users.receives & ~active).sum()),
        newest_hours=newest,
        candidates=int(snapshot.posts.candidate.sum()),
        rows=rows,
        users_served=len(users),
        posts_served=len(posts),
        scores=scores.tolist(),
        nothing_left=_nothing_left(snapshot, users),
    )


def _nothing_left(snapshot: Snapshot, served: set[str]) -> int:
    """Count the users without a feed who have seen or written every candidate."""
    ids, posts = snapshot.users.ids, snapshot.posts
    without = snapshot.users.receives & ~np.isin(ids, np.array(list(served), object))
    nothing_left = 0
    for row in np.flatnonzero(without):  # hardly anybody
        left = posts.candidate & (posts.author != row)
        left[snapshot.seen[row].indices] = False
        nothing_left += not left.any()
    return nothing_left
