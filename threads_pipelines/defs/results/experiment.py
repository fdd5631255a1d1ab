"""The metadata of an experiment's report: its table and plot."""

import math
from datetime import datetime
from typing import Any

import dagster as dg

from threads_pipelines.defs.common import preview, rows_made
from threads_pipelines.experiment.report_facts import ExperimentReport
from threads_pipelines.reporting.plots import intervals, markdown_image


def experiment_metadata(
    report: ExperimentReport, period: tuple[datetime, datetime]
) -> dict[str, Any]:
    """Convert a report to metadata.

    Args:
        report: The report.
        period: Beginning and end of the counted events, naive UTC.

    Returns:
        The metadata, with the row count, a table and a plot.
    """
    findings = report.findings
    rows = [
        (u.metric, u.control.value, u.treatment.value, u.difference, u.low, u.high)
        for u in findings.uplifts
    ]
    title = "Treatment over control, relative, 95% intervals"
    bars = {
        u.metric: (u.relative, u.relative_low, u.relative_high)
        for u in findings.uplifts
        if math.isfinite(u.relative_low + u.relative_high)
    }
    return rows_made(
        len(rows),
        verdict=str(findings.verdict),
        period="{} to {} UTC".format(*period),
        warnings=list(findings.warnings),
        metrics=preview(["metric", "control", "treatment", "difference", "low", "high"], rows),
        plot=dg.MetadataValue.md(markdown_image(title, intervals(title, "uplift", bars))),
    )
