"""The report as one typed table, for exports and plots."""

import math
from collections.abc import Iterator
from datetime import date

import pyarrow as pa

from threads_pipelines.experiment.report_facts import PRIMARY, ExperimentReport, Scope
from threads_pipelines.experiment.uplift import Uplift

_NUMBERS = ("difference", "low", "high", "p_value", "relative", "relative_low", "relative_high")

SCHEMA = pa.schema(
    [
        pa.field("experiment", pa.string(), nullable=False),
        pa.field("since", pa.timestamp("ms")),
        pa.field("until", pa.timestamp("ms")),
        pa.field("scope", pa.string(), nullable=False),
        pa.field("day", pa.date32()),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("primary", pa.bool_(), nullable=False),
        *(
            pa.field(f"{group}_{name}", kind)
            for group in ("control", "treatment")
            for name, kind in (
                ("users", pa.int64()),
                ("sessions", pa.int64()),
                ("value", pa.float64()),
            )
        ),
        *(pa.field(name, pa.float64()) for name in _NUMBERS),
    ]
)


def report_table(report: ExperimentReport) -> pa.Table:
    """Convert a report to one table.

    Args:
        report: The report.

    Returns:
        One row for each scope (total, day, cumulative), day and metric; NaN becomes null.
    """
    return pa.Table.from_pylist(list(_rows(report)), schema=SCHEMA)


def _rows(report: ExperimentReport) -> Iterator[dict[str, object]]:
    since, until = report.period or (None, None)
    told: dict[str, object] = {"experiment": report.experiment, "since": since, "until": until}
    yield from _scope(told, "total", None, report.findings.uplifts)
    for entry in report.days:
        yield from _scope(told, entry.scope, entry.day, entry.uplifts)


def _scope(
    told: dict[str, object], scope: Scope, day: date | None, uplifts: tuple[Uplift, ...]
) -> Iterator[dict[str, object]]:
    common = told | {"scope": scope, "day": day}
    per_session = uplifts[-1]  # any but the mean over users
    sessions = {
        "control_sessions": int(per_session.control.denominator),
        "treatment_sessions": int(per_session.treatment.denominator),
    }
    for uplift in uplifts:
        yield common | sessions | _row(uplift)


def _row(uplift: Uplift) -> dict[str, object]:
    row: dict[str, object] = {
        "metric": uplift.metric,
        "primary": uplift.metric == PRIMARY,
    }
    for group, one in (("control", uplift.control), ("treatment", uplift.treatment)):
        row[f"{group}_users"] = one.users
        row[f"{group}_value"] = _known(one.value)
    return row | {name: _known(getattr(uplift, name)) for name in _NUMBERS}


def _known(number: float) -> float | None:
    return number if math.isfinite(number) else None
