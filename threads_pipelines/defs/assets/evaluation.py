"""Offline evaluation, and the gate: whether last night's model was worth publishing."""

from dataclasses import replace

import dagster as dg
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from threads_pipelines.defs.assets.guard import engagement_guard, judged_anew
from threads_pipelines.defs.assets.matrix import interaction_matrix
from threads_pipelines.defs.assets.tuning import latest_winner, tuned_settings
from threads_pipelines.defs.common import asset, columns, result, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.defs.results.evaluation import history_plot, judgement_of, report_metadata
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
    OURS,
    POPULARITY,
    TRENDING,
    EvaluationReport,
)
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import NO_VALUES
from threads_pipelines.storage.history import require_same
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.snapshots import load_snapshot

REPORT = "evaluation.json"


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
    deps=[interaction_matrix, tuned_settings, engagement_guard],
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
    manifest = version_of_run(context, store)
    version, ours = manifest.version, manifest.facts.database
    snapshot = load_snapshot(store, partition, version)
    split, until = None, snapshot.as_of
    try:
        split = judged_day(snapshot)
        until = split.train.as_of
    except DataError as error:
        context.log.warning(f"Nothing to evaluate on: {error}")
    candidate = latest_winner(store.objects, partition, until, ours)
    trust = judged_anew(store, manifest, split.train) if split else NO_VALUES
    report, gate, newcomers = judge_night(context, config, split, candidate, trust)
    known = read_registry(store.objects)
    if known.active:
        what = f"version {known.active.version}"
        require_same(store.objects, known.active.database, ours, what)
    active = RecommenderSettings.from_stored(known.active.config) if known.active else None
    chosen, source = settings_to_publish(gate, candidate, active)
    if not gate.may_publish:
        context.log.warning(f"{gate.sentence()}. Publishing {source} settings instead.")
    if not newcomers.may_publish and gate.may_publish:
        chosen = with_popularity_for_newcomers(chosen)
        context.log.warning(f"{newcomers.sentence()}. They get popularity for this night.")
    judgement = judgement_of(report, gate)
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
            **report_metadata(report),
            history=history_plot(known, partition, judgement.metrics()),
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
    trust: NDArray[np.float32] = NO_VALUES,
) -> tuple[EvaluationReport | None, GateResult, GateResult]:
    """Evaluate all models on the judged day, and apply the gate to all and to cold users.

    Args:
        context: Context of the asset, for its log.
        config: Seed and limits.
        split: The judged day; None if there is none.
        candidate: Tonight's settings.
        trust: What each event of the training data counts; (0,): all count alike.

    Returns:
        The report, None without a judged day, and the gate's decisions for all and for cold users.
    """
    if split is None:
        return None, NOT_JUDGED, NOT_JUDGED
    rng = np.random.default_rng(config.seed)
    settings = candidate.model_dump(mode="json")
    contenders = models(candidate, rng, trust)
    report = evaluate(split, contenders, settings, rng, progress=context.log.info)
    newcomers = judge_newcomers(report, rng, min_events=config.min_events)
    ours = report.ndcg[OURS]
    if not newcomers.may_publish:  # the gate judges the feeds that would be published
        ours = np.where(report.cold, report.ndcg[POPULARITY], ours)
    judged = report.ndcg[TRENDING], report.pairs
    return report, judge(ours, *judged, rng, min_events=config.min_events), newcomers
