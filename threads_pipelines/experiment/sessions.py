"""Groups events into feed sessions, the exposures that an experiment compares."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Mask, Rows, Times
from threads_pipelines.experiment.settings import ReportSettings

EVENT_KINDS = (*INTERACTION_TYPES, "comment")
"""``Events.kind`` holds positions in this tuple."""

OUTCOMES = ("clicks", "likes", "shares", "comments", "dwell_seconds")
"""Columns of ``Sessions.outcomes``."""

Floats = NDArray[np.float64]

_VIEW = EVENT_KINDS.index("view")
_OUTCOME_OF_KIND = {EVENT_KINDS.index(metric.rstrip("s")): metric for metric in OUTCOMES[:4]}
_SECONDS = 33  # bits of a time: until the year 2242


@dataclass(frozen=True, slots=True)
class ExperimentEvents:
    """Events of the report's users, in no particular order.

    Attributes:
        user: (n,) int32, row among the users of the report.
        kind: (n,) int8, position in ``EVENT_KINDS``.
        at: (n,) int64, epoch seconds UTC, not negative.
        from_feed: (n,) bool, whether the source in the metadata is ``feed``.
        duration_ms: (n,) float64, duration of a view; NaN if there is none.
    """

    user: Rows
    kind: NDArray[np.int8]
    at: Times
    from_feed: Mask
    duration_ms: Floats


@dataclass(frozen=True, slots=True)
class Sessions:
    """Sessions of the feed, sorted by user and start.

    Attributes:
        user: (n,) int32, row among the users of the report.
        start: (n,) int64, epoch seconds UTC of the first view.
        outcomes: (n, len(OUTCOMES)) float64.
        unattributed: Number of events other than views that belong to no session.
    """

    user: Rows
    start: Times
    outcomes: Floats
    unattributed: int


def sessions(events: ExperimentEvents, settings: ReportSettings) -> Sessions:
    """Group events into sessions: each user's feed views are split at pauses longer than the gap.

    A click, like, share or comment belongs to the session of the user's latest feed view at or
    before it, unless that view is longer ago than the gap. Equal times count, because a client's
    batch has one time. The event's own source does not matter: a like on the page of a post that
    the feed showed is an outcome of the feed.

    Args:
        events: The events.
        settings: The gap and the longest view.

    Returns:
        The sessions.
    """
    gap = settings.session_gap_minutes * 60
    # User and time in one integer: one sort and one search do for all users.
    key = (events.user.astype(np.int64) << _SECONDS) | events.at
    is_view = (events.kind == _VIEW) & events.from_feed
    order = np.argsort(key[is_view], kind="stable")
    view_key = key[is_view][order]
    user = events.user[is_view][order]
    at = events.at[is_view][order]
    begins = np.ones(len(view_key), bool)
    begins[1:] = (user[1:] != user[:-1]) | (at[1:] - at[:-1] > gap)
    session = np.cumsum(begins) - 1
    count = int(begins.sum())

    outcomes = np.zeros((count, len(OUTCOMES)))
    seconds = np.nan_to_num(events.duration_ms[is_view][order] / 1000, nan=0.0, posinf=np.inf)
    seconds = np.clip(seconds, 0, settings.longest_view_seconds)
    outcomes[:, OUTCOMES.index("dwell_seconds")] = np.bincount(session, seconds, count)
    unattributed = 0
    for kind, metric in _OUTCOME_OF_KIND.items():
        of_kind = events.kind == kind
        view = np.searchsorted(view_key, key[of_kind], side="right") - 1
        found = view >= 0
        found[found] = (user[view[found]] == events.user[of_kind][found]) & (
            events.at[of_kind][found] - at[view[found]] <= gap
        )
        unattributed += int(len(found) - found.sum())
        outcomes[:, OUTCOMES.index(metric)] = np.bincount(session[view[found]], minlength=count)
    return Sessions(
        user=user[begins], start=at[begins], outcomes=outcomes, unattributed=unattributed
    )
