"""Counts of one night, which ``validate_data`` judges and compares with earlier nights."""

from dataclasses import dataclass

SCORE_BINS = 100
"""Bins of the histogram of scores, equally wide over [0, 1]."""


@dataclass(frozen=True, slots=True)
class Night:
    """Counts of one version.

    Attributes:
        interactions: Events in the look-back window.
        types: Events by interaction type.
        orphans: Rows that refer to no user or post of the snapshot.
        rows_read: Rows that were read.
        users: Users who get a feed.
        cold_users: Of these, users without an event.
        newest_hours: Age of the newest event at ``as_of`` in hours; None without events.
        candidates: Posts that may be recommended.
        rows: Rows of all feeds.
        users_served: Users with at least one row.
        posts_served: Distinct posts in all feeds.
        scores: Histogram of the scores with ``SCORE_BINS`` bins.
        nothing_left: Users without a feed who have seen or written every candidate.

    Raises:
        ValueError: The histogram has another number of bins.
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
    nothing_left: int = 0

    def __post_init__(self) -> None:
        """Check the length of the histogram, because the comparison of two nights relies on it."""
        if len(self.scores) != SCORE_BINS:
            raise ValueError(f"scores has {len(self.scores)} bins, not {SCORE_BINS}")

    @property
    def coverage(self) -> float:
        """Share of the candidates that is in anybody's feed."""
        return self.posts_served / self.candidates if self.candidates else 0.0
