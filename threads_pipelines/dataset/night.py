"""A night in numbers: what ``validate_data`` judges and keeps for the nights that follow."""

from dataclasses import dataclass

SCORE_BINS = 100
"""Bins of the histogram of scores, equally wide over [0, 1]."""


@dataclass(frozen=True, slots=True)
class Night:
    """Counts of one version.

    interactions: events in the window. types: by interaction type. orphans: rows that were read
    and refer to no user or post of the snapshot, of rows_read. users: who is to have a feed;
    cold_users: those of them without an event. newest_hours: age of the newest event as of the
    run, None without one. candidates: posts that may be recommended. rows, users_served,
    posts_served: of the feeds. scores: histogram with ``SCORE_BINS`` bins. nothing_left: users
    without a feed who have seen or written every candidate.

    Raises ValueError for a histogram of another length.
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
        """Check the histogram's length, which comparing two nights relies on."""
        if len(self.scores) != SCORE_BINS:
            raise ValueError(f"scores has {len(self.scores)} bins, not {SCORE_BINS}")

    @property
    def coverage(self) -> float:
        """Share of the candidates that is in anybody's feed."""
        return self.posts_served / self.candidates if self.candidates else 0.0
