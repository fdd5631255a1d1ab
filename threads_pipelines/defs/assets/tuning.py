"""The settings of the recommender, chosen on a validation window."""

import math
from contextlib import suppress
from dataclasses import asdict

import dagster as dg
from pydantic import Field

from threads_pipelines.dataset.version_facts import DatabaseIdentity
from threads_pipelines.defs.assets.matrix import interaction_matrix
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.defs.run_version import version_of_run
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.gate import judged_day
from threads_pipelines.recommender.presets import PACES
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.storage.history import require_same
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.stored_json import identity_in
from threads_pipelines.tuning.tune import tune

FOLDER = "tuning/"


class TuningConfig(dg.Config):
    """Cost and seed of the search."""

    budget: float = Field(10, gt=0, le=100, description="Cost of the search, in fits of the model.")
    seed: int = Field(0, ge=0, description="Seed of the validation sample.")


@asset(
    group_name="tuning",
    kinds={"s3", "numpy"},
    code_version="1",
    partitions_def=daily,
    deps=["check_services", interaction_matrix],
    description="The winner of a search over settings, judged on the end of what came before the "
    "last 24 hours, which the gate judges by; the seeds' own formula and trending are always among "
    "the candidates.",
    metadata=columns(candidate="text", ndcg="float64", kept="bool"),
)
def tuned_settings(
    context: dg.AssetExecutionContext, config: TuningConfig, storage: ObjectStorage
) -> dg.MaterializeResult:
    """Search on the partition's snapshot, and store the winner for this day and later ones."""
    store, partition = storage.artefacts(), context.partition_key
    manifest = version_of_run(context, store)
    snapshot = load_snapshot(store, partition, manifest.version)
    with suppress(DataError):  # then this night is not judged
        snapshot = judged_day(snapshot).train
    report = tune(snapshot, seed=config.seed, budget=config.budget, progress=context.log.info)
    if not report.trials:
        state = "nothing could be held out to compare settings on: those before stay"
        return dg.MaterializeResult(
            metadata=rows_made(0, version=manifest.version, state=state),
        )
    chosen = report.chosen.model_dump(mode="json")
    trials = [(trial.name, trial.ndcg, trial.kept) for trial in report.trials]
    database = manifest.facts.database
    kept = {
        "version": manifest.version,
        "until": snapshot.as_of,
        "settings": chosen,
        "database": asdict(database) if database else None,
        "ndcg@10": report.ndcg,
    }
    store.objects.put_json(f"{FOLDER}{partition}.json", kept)
    best_first = sorted(trials, key=lambda trial: -trial[1])
    return dg.MaterializeResult(
        metadata=rows_made(
            len(trials),
            version=manifest.version,
            state="kept for this day and later ones",
            validation_users=report.users,
            chosen=dg.MetadataValue.json(chosen),
            candidates=preview(["candidate", "NDCG@10", "kept"], best_first),
        )
    )


def latest_winner(
    store: ObjectStore, partition: str, until: int, ours: DatabaseIdentity | None = None
) -> RecommenderSettings:
    """Read the settings of the latest search up to this day that saw nothing after ``until``.

    Args:
        store: The bucket.
        partition: The day.
        until: Epoch seconds UTC.
        ours: The database that the settings are for; None if it is not known.

    Returns:
        The settings; those of a daily pace if there was no such search.

    Raises:
        ForeignHistoryError: The search was made on another database.
    """
    days = [item.key for item in store.listing(FOLDER) if item.key <= f"{FOLDER}{partition}.json"]
    for key in reversed(days):
        winner = store.get_json(key)
        if winner.get("until", math.inf) <= until:
            day = key.removeprefix(FOLDER).removesuffix(".json")
            require_same(store, identity_in(winner, key), ours, f"the tuning of {day}")
            return RecommenderSettings.from_stored(winner["settings"])
    return PACES["pace_days"]
