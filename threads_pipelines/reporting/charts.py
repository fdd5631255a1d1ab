"""Geometry of the charts of the comparison page, in percent of their box."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from threads_pipelines.experiment.report_facts import METRICS, PRIMARY, DayFindings
from threads_pipelines.experiment.uplift import Uplift

LABELS = {
    "user_click_rate": "Clicks per session, average person",
    "clicks": "Clicks per session",
    "likes": "Likes per session",
    "shares": "Shares per session",
    "comments": "Comments per session",
    "dwell_seconds": "Seconds of dwell per session",
}
_NARROWEST = 0.10
_WIDEST = 1.0


@dataclass(frozen=True, slots=True)
class ForestRow:
    """The relative uplift of one metric; ``left``, ``width`` and ``at`` are None if unknown."""

    uplift: Uplift
    label: str
    primary: bool
    left: float | None
    width: float | None
    at: float | None
    limit: float


@dataclass(frozen=True, slots=True)
class Trend:
    """The relative uplift of the primary metric by day.

    Attributes:
        band: Points of an SVG polygon in a box of 100 x 100.
        line: Points of an SVG polyline in the same box.
        dots: (x, y) of single days.
        first: The first day.
        last: The last day.
        high: The uplift at the top.
        low: The uplift at the bottom.
        zero: Vertical position of an uplift of 0.
    """

    band: str
    line: str
    dots: tuple[tuple[float, float], ...]
    first: date
    last: date
    high: float
    low: float
    zero: float


def forest(uplifts: Sequence[Uplift]) -> tuple[ForestRow, ...]:
    """Arrange the intervals of all metrics on one axis with 0 in the middle.

    Args:
        uplifts: The uplifts.

    Returns:
        One row for each uplift, in order.
    """
    known = [one for one in uplifts if math.isfinite(one.relative_low)]
    limit = _limit([max(-one.relative_low, one.relative_high) for one in known])
    rows = []
    for one in uplifts:
        left = width = at = None
        if one in known:
            left, at, right = (
                _place(value, limit)
                for value in (one.relative_low, one.relative, one.relative_high)
            )
            width = round(right - left, 2)
        rows.append(
            ForestRow(one, LABELS[one.metric], one.metric == PRIMARY, left, width, at, limit)
        )
    return tuple(rows)


def trend(days: Sequence[DayFindings]) -> Trend | None:
    """Draw the cumulative uplift with its interval, and each single day.

    Args:
        days: The daily results.

    Returns:
        The drawing; None for fewer than two days.
    """
    position = METRICS.index(PRIMARY)
    cumulative = [
        (entry.day, entry.uplifts[position])
        for entry in days
        if entry.scope == "cumulative" and math.isfinite(entry.uplifts[position].relative_low)
    ]
    if len(cumulative) < 2:
        return None
    first, last = cumulative[0][0], cumulative[-1][0]
    span = (last - first).days

    def across(day: date) -> float:
        return round(100 * (day - first).days / span, 2)

    # The first days are wide; the scale follows the later half.
    later = [one for _, one in cumulative[len(cumulative) // 2 :]]
    high = _limit([one.relative_high for one in later])
    low = -_limit([-one.relative_low for one in later])

    def down(value: float) -> float:
        return round(100 * (high - min(max(value, low), high)) / (high - low), 2)

    upper = [(across(day), down(one.relative_high)) for day, one in cumulative]
    lower = [(across(day), down(one.relative_low)) for day, one in cumulative]
    alone = [
        (entry.day, entry.uplifts[position].relative) for entry in days if entry.scope == "day"
    ]
    return Trend(
        band=_points(upper + lower[::-1]),
        line=_points([(across(day), down(one.relative)) for day, one in cumulative]),
        # What is off the scale, or NaN, is left out.
        dots=tuple((across(day), down(x)) for day, x in alone if day >= first and low <= x <= high),
        first=first,
        last=last,
        high=high,
        low=low,
        zero=down(0),
    )


def _limit(edges: Sequence[float]) -> float:
    """Round the largest bound up to a multiple of 5%."""
    furthest = max(edges, default=_NARROWEST)
    return min(max(math.ceil(furthest * 20) / 20, _NARROWEST), _WIDEST)


def _place(value: float, limit: float) -> float:
    return round(50 + 50 * min(max(value / limit, -1.0), 1.0), 2)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
