"""Geometry of the page's charts, in percent of their box."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from threads_pipelines.experiment.report import METRICS, PRIMARY, DayFindings
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
    """One metric's relative uplift; ``left``, ``width`` and ``at`` are None where unknown."""

    uplift: Uplift
    label: str
    primary: bool
    left: float | None
    width: float | None
    at: float | None
    limit: float


@dataclass(frozen=True, slots=True)
class Trend:
    """The primary metric's relative uplift day by day.

    band, line: points of an SVG polygon and polyline in a box of 100 x 100.
    dots: (x, y) of single days. high, low: the uplifts at top and bottom. zero: where it is.
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
    """Lay the intervals of all metrics along one axis with zero in its middle."""
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
    """Draw the cumulative uplift with its interval, and each day by itself; None below two days."""
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
    """Round the furthest edge up to a multiple of 5%."""
    furthest = max(edges, default=_NARROWEST)
    return min(max(math.ceil(furthest * 20) / 20, _NARROWEST), _WIDEST)


def _place(value: float, limit: float) -> float:
    return round(50 + 50 * min(max(value / limit, -1.0), 1.0), 2)


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)
