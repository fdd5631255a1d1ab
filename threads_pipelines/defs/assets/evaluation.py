"""Offline evaluation, and the gate: whether last night's model was worth publishing."""

import json
import math
from dataclasses import replace
from typing import Any

import dagster as dg
import numpy as np
from pydantic import Field

from threads_pipelines.dataset.version_facts import GateDecision
from threads_pipelines.defs.assets.matrix import interaction_matrix
from threads_pipelines.defs.assets.tuning import latest_winner, tuned_settings
from threads_pipelines.defs.common import asset, columns, preview, result, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.defs.run_version import version_of_run
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.evaluate import evaluate, models
from threads_pipelines.evaluation.gate import (
    MIN_EVENTS,
    NOT_JUDGED,
    GateResult,
    judge,
    judged_day,
    settings_to_publish,
)
from threads_pipelines.evaluation.newcomer_gate import (
    judge_newcomers,
    with_popularity_for_newcomers,
)
from threads_pipelines.evaluation.report import (
    GROUPS,
    OURS,
    POPULARITY,
    TRENDING,
    EvaluationReport,
)
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.reporting.plots import intervals, lines, markdown_image
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.versions.registered import Registry

REPORT = "evaluation.json"
_TABLE = ("ndcg@10", "precision@10", "recall@10", "hit_rate@10", "mrr", "coverage@10")


class EvaluationConfig(dg.Config):
    """Parameters of the evaluation."""

    seed: int = Field(0, ge=0, description="Seed of the bootstrap and of the random baseline.")
    min_events: int = Field(
        MIN_EVENTS, ge=0, description="Fewest new pairs in 24 hours that the gate judges by."
    )


@asset(
    group_name="recommendation",
    kinds={"s3", "numpy"},
    code_version="1",
    partitions_def=daily,
    deps=[interaction_matrix, tuned_settings],
    description="Fits on all but the last 24 hours and tests on them, beside random, popularity, "
    "trending and the seeds' formula. A model that is measurably worse than trending is not "
    "published: the last active settings stand in, else trending. Where people without history are "
    "measurably worse off than with popularity, they get popularity for the night.",
    metadata=columns(group="text", model="text", users="int", metric="float64"),
    check_specs=[
        dg.AssetCheckSpec(
            "gate",
            asset="model_evaluation",
            description="Tonight's settings are not measurably worse than trending.",
        ),
        dg.AssetCheckSpec(
            "newcomers",
            asset="model_evaluation",
            description="People without history are not measurably worse off than with popularity.",
        ),
    ],
)
def model_evaluation(
    context: dg.AssetExecutionContext, config: EvaluationConfig, storage: ObjectStorage
) -> dg.MaterializeResult:
    """Evaluate the latest winner, apply the gate, and store the settings to publish."""
    store, partition = storage.artefacts(), context.partition_key
    version = version_of_run(context, store).version
    snapshot = load_snapshot(store, partition, version)
    split, until = None, snapshot.as_of
    try:
        split = judged_day(snapshot)
        until = split.train.as_of
    except DataError as error:
        context.log.warning(f"Nothing to evaluate on: {error}")
    candidate = latest_winner(store.objects, partition, until)
    report, gate, newcomers = judge_night(context, config, split, candidate)
    known = read_registry(store.objects)
    active = RecommenderSettings.from_stored(known.active.config) if known.active else None
    chosen, source = settings_to_publish(gate, candidate, active)
    if not gate.may_publish:
        context.log.warning(f"{gate.sentence()}. Publishing {source} settings instead.")
    if not newcomers.may_publish and gate.may_publish:
        chosen = with_popularity_for_newcomers(chosen)
        context.log.warning(f"{newcomers.sentence()}. They get popularity for this night.")
    judgement = _judgement(report, gate)
    settings = chosen.model_dump(mode="json")
    store.change_facts(
        partition,
        version,
        lambda facts: replace(
            facts, settings=settings, settings_source=source, judgement=judgement
        ),
    )
    with store.writing(partition, version, REPORT) as draft:
        draft.path.write_text(report.to_json() if report else "null")
    return dg.MaterializeResult(
        metadata=rows_made(
            len(report.scores) if report else 0,
            version=version,
            settings=f"{source} settings",
            gate=gate.sentence(),
            newcomers=newcomers.sentence(),
            **_shown(report),
            history=_history(known, partition, judgement.metrics()),
        ),
        check_results=[
            result("gate", gate.may_publish, gate.sentence()),
            result(
                "newcomers",
                newcomers.may_publish,
                newcomers.sentence(),
                severity=dg.AssetCheckSeverity.WARN,
            ),
        ],
    )


def judge_night(
    context: dg.AssetExecutionContext,
    config: EvaluationConfig,
    split: Split | None,
    candidate: RecommenderSettings,
) -> tuple[EvaluationReport | None, GateResult, GateResult]:
    """Evaluate all models on the judged day, and apply the gate to all and to cold users.

    Args:
        context: Context of the asset, for its log.
        config: Seed and limits.
        split: The judged day; None if there is none.
        candidate: Tonight's settings.

    Returns:
        The report, None without a judged day, and the gate's decisions for all and for cold users.
    """
    if split is None:
        return None, NOT_JUDGED, NOT_JUDGED
    rng = np.random.default_rng(config.seed)
    settings = candidate.model_dump(mode="json")
    report = evaluate(split, models(candidate, rng), settings, rng, progress=context.log.info)
    newcomers = judge_newcomers(report, rng, min_events=config.min_events)
    ours = report.ndcg[OURS]
    if not newcomers.may_publish:  # the gate judges the feeds that would be published
        ours = np.where(report.cold, report.ndcg[POPULARITY], ours)
    judged = report.ndcg[TRENDING], report.pairs
    return report, judge(ours, *judged, rng, min_events=config.min_events), newcomers


def _judgement(report: EvaluationReport | None, gate: GateResult) -> GateDecision:
    """Collect the gate's decision and the finite metrics: all of known, NDCG of other groups."""
    rows = {(row["model"], row["group"]): row for row in (report.rows() if report else [])}
    numbers = {name: rows.get((OURS, "known"), {}).get(name) for name in _TABLE}
    for group in list(GROUPS)[1:]:  # known is the first
        numbers[f"ndcg@10 {group}"] = rows.get((OURS, group), {}).get("ndcg@10")
    numbers["popularity ndcg@10 cold"] = rows.get((POPULARITY, "cold"), {}).get("ndcg@10")
    numbers |= {"ndcg@10 all": gate.ours, "trending ndcg@10 all": gate.trending}
    finite = {k: v for k, v in numbers.items() if v is not None and math.isfinite(v)}
    return GateDecision(gate.decision, finite)


def _shown(report: EvaluationReport | None) -> dict[str, Any]:
    if report is None:
        return {}
    rows = report.rows()
    names = ["group", "model", "users", *_TABLE]
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


def _history(known: Registry, partition: str, tonight: dict[str, Any]) -> dg.MarkdownMetadataValue:
    """Return NDCG@10 of ours and trending for the last partitions, tonight included."""
    nights = {entry.partition: entry.metrics for entry in known.entries}
    nights = dict(sorted({**nights, partition: tonight}.items())[-30:])
    series = {
        name: [float(metrics.get(f"{key} all", math.nan)) for metrics in nights.values()]
        for name, key in (("ours", "ndcg@10"), ("trending", "trending ndcg@10"))
    }
    title = "NDCG@10 by night"
    return dg.MetadataValue.md(markdown_image(title, lines(title, "NDCG@10", list(nights), series)))
