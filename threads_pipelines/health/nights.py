"""Summary statistics of a night, used by ``validate_data`` and kept for later comparison."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.health.drift import SCORE_BINS, histogram_of_scores

Batch = tuple[NDArray[np.object_], NDArray[np.object_], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Night:
    """Numbers of one version; all of them JSON values.

    interactions: events in the window. types: by interaction type. orphans: rows that were read
    and refer to no user or post of the snapshot, of rows_read. users: who is to have a feed;
    cold_users: those of them without an event. newest_hours: age of the newest event as of the
    run, None without one. candidates: posts that may be recommended. rows, users_served,
    posts_served: of the feeds. scores: histogram, see ``drift.histogram_of_scores``.
    """

    interactions: int
    types: dict[str, int]
    orphans: int
    rows_read: int
    users: int
    cold_users: int
    newest_hours: float | None
    candidates: int
    rows: int
    users_served: int
    posts_served: int
    scores: list[int]

    @property
    def coverage(self) -> float:
        """Share of the candidates that is in anybody's feed."""
        return self.posts_served / self.candidates if self.candidates else 0.0

    def to_fact(self) -> dict[str, Any]:
        """As the version's manifest keeps it."""
        return asdict(self)

    @classmethod
    def from_fact(cls, fact: Any) -> "Night":
        """Read back what ``to_fact`` gave; DataError for anything else."""
        names = {field.name for field in fields(cls)}
        if not isinstance(fact, dict) or set(fact) != names or len(fact["scores"]) != SCORE_BINS:
            raise DataError("a manifest's fact 'night' is of another version: run the night again")
        return cls(**fact)


def summarize(snapshot: Snapshot, feeds: Iterable[Batch], *, orphans: int, rows_read: int) -> Night:
    """Summarise a snapshot and its feeds.

    feeds: arrays of user id, post id and score, equally long; one batch is in memory at a time.
    orphans, rows_read: what reading the database reported.
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
    )
