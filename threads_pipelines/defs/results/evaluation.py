"""The metadata of an evaluation: its tables and plots, and the gate's decision."""

import json
import math
from typing import Any

import dagster as dg

from threads_pipelines.dataset.version_facts import GateDecision
from threads_pipelines.defs.common import preview
from threads_pipelines.evaluation.gate import GateResult
from threads_pipelines.evaluation.report import (
    GROUPS,
    OURS,
    POPULARITY,
    EvaluationReport,
)
from threads_pipelines.reporting.plots import intervals, lines, markdown_image
from threads_pipelines.storage.s3.versions.registered import Registry

SHOWN_METRICS = ("ndcg@10", "precision@10", "recall@10", "hit_rate@10", "mrr", "coverage@10")


def judgement_of(report: EvaluationReport | None, gate: GateResult) -> GateDecision:
    """Collect the gate's decision and the finite metrics: all of known users, NDCG of other groups.

    Args:
        report: The report; None without a judged day.
        gate: The gate's decision.

    Returns:
        Decision and metrics.
    """
    rows = {(row["model"], row["group"]): row for row in (report.rows() if report else [])}
    numbers = {name: rows.get((OURS, "known"), {}).get(name) for name in SHOWN_METRICS}
    for group in list(GROUPS)[1:]:  # known is the first
        numbers[f"ndcg@10 {group}"] = rows.get((OURS, group), {}).get("ndcg@10")
    numbers["popularity ndcg@10 cold"] = rows.get((POPULARITY, "cold"), {}).get("ndcg@10")
    numbers |= {"ndcg@10 all": gate.ours, "trending ndcg@10 all": gate.trending}
    finite = {k: v for k, v in numbers.items() if v is not None and math.isfinite(v)}
    return GateDecision(gate.decision, finite)


def report_metadata(report: EvaluationReport | None) -> dict[str, Any]:
    """Convert a report to metadata.

    Args:
        report: The report; None without a judged day.

    Returns:
        A table, a plot and the whole report; empty without a report.
    """
    if report is None:
        return {}
    rows = report.rows()
    names = ["group", "model", "users", *SHOWN_METRICS]
    table = [[row.get(name, "") for name in names] for row in rows if row["users"]]
    bars = {
        row["model"]: (row["ndcg@10"], row["ndcg@10_low"], row["ndcg@10_high"])
        for row in rows
        if row["group"] == "known" and row["users"]
    }
    title = "NDCG@10 of known users, 95% intervals"
    return {
        "report": preview(names, table),
        "plot": dg.MetadataValue.md(markdown_image(title, intervals(title, "NDCG@10", bars))),
        "full_report": dg.MetadataValue.json(json.loads(report.to_json())),
    }


def history_plot(
    known: Registry, partition: str, tonight: dict[str, Any]
) -> dg.MarkdownMetadataValue:
    """Plot NDCG@10 of ours and trending for the last partitions, tonight included.

    Args:
        known: The registered versions.
        partition: The day.
        tonight: Metrics of tonight by name.

    Returns:
        The plot.
    """
    nights = {entry.partition: entry.metrics for entry in known.entries}
    nights = dict(sorted({**nights, partition: tonight}.items())[-30:])
    series = {
        name: [float(metrics.get(f"{key} all", math.nan)) for metrics in nights.values()]
        for name, key in (("ours", "ndcg@10"), ("trending", "trending ndcg@10"))
    }
    title = "NDCG@10 by night"
    return dg.MetadataValue.md(markdown_image(title, lines(title, "NDCG@10", list(nights), series)))
