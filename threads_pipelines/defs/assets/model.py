"""The model and its scored rows: fit, rank, and check before publishing."""

from dataclasses import replace

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.defs.assets.evaluation import model_evaluation
from threads_pipelines.defs.assets.guard import stored_trust
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.defs.run_version import version_of_run
from threads_pipelines.defs.stored_rows import (
    ROW_COLUMNS,
    read_stored_rows,
    row_check_results,
    row_check_specs,
)
from threads_pipelines.errors import ArtefactError
from threads_pipelines.evaluation.invariants import check_rows
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.shards.executors import open_executor
from threads_pipelines.shards.models import MODEL
from threads_pipelines.shards.ranking import rank_version
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.registry import register
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.versions.checked import mark_checked, mark_unchecked
from threads_pipelines.storage.s3.versions.decided import save_decided
from threads_pipelines.storage.s3.versions.manifest import Manifest
from threads_pipelines.storage.s3.versions.registered import Entry
from threads_pipelines.storage.s3.versions.scored_file import SCHEMA


@asset(
    group_name="recommendation",
    kinds={"s3", "numpy"},
    code_version="1",
    partitions_def=daily,
    deps=[model_evaluation],
    description="Similar people and similar posts over everything up to as_of, fitted with the "
    "settings that the gate accepted.",
    metadata=columns(array="text", shape="text", type="text"),
)
def knn_model(context: dg.AssetExecutionContext, storage: ObjectStorage) -> dg.MaterializeResult:
    """Fit the recommender on the version's snapshot."""
    store, partition = storage.artefacts(), context.partition_key
    manifest = version_of_run(context, store)
    version, chosen = manifest.version, _settings_of(manifest)
    snapshot = load_snapshot(store, partition, version)
    trust = stored_trust(store, manifest, snapshot)
    model = fit(snapshot, chosen, progress=context.log.info, trust=trust)
    arrays = model.to_arrays()
    store.save_arrays(partition, version, MODEL, arrays, rows=model.n_users)
    shapes = [(name, str(array.shape), str(array.dtype)) for name, array in arrays.items()]
    return dg.MaterializeResult(
        metadata=rows_made(
            model.n_users,
            version=version,
            settings=dg.MetadataValue.json(dict(manifest.facts.settings or {})),
            arrays=preview(["array", "shape", "type"], shapes),
        )
    )


class RankingConfig(dg.Config):
    """Length of a feed, and the size of chunks."""

    top_k: int = Field(50, ge=1, le=1000, description="Posts a user; fewer if fewer are left.")
    chunk: int = Field(8192, ge=1, description="Users scored at a time; bounds the memory.")


@asset(
    group_name="recommendation",
    kinds={"s3", "parquet"},
    code_version="1",
    partitions_def=daily,
    deps=[knn_model],
    description="The scored rows of every user as an artefact, each with its main reason and the "
    "evidence, and the accounts that the version decides about, those without rows included. The "
    "stored rows are read back and checked; a version that passes is registered as "
    "checked, and only such a version can be published. A violation stops the night here.",
    metadata=ROW_COLUMNS,
    check_specs=row_check_specs("recommendations"),
)
def recommendations(
    context: dg.AssetExecutionContext, config: RankingConfig, storage: ObjectStorage
) -> dg.MaterializeResult:
    """Rank for every user, store the rows, read them back, check them and register the version."""
    store, partition = storage.artefacts(), context.partition_key
    manifest = version_of_run(context, store)
    version, snapshot = manifest.version, load_snapshot(store, partition, manifest.version)
    mark_unchecked(store, partition, version)
    with open_executor(settings.load().dask_scheduler) as executor:
        users, say = len(snapshot.users.ids), context.log.info
        rank_version(store, executor, manifest, users, config.top_k, config.chunk, say)
    store.change_facts(partition, version, lambda facts: replace(facts, top_k=config.top_k))
    save_decided(store, partition, version, snapshot.users.ids, snapshot.users.receives)
    with open_scored(store, partition, version) as files:
        found = check_rows(read_stored_rows(files, snapshot), snapshot, config.top_k)
        first = next(batches(files), SCHEMA.empty_table()).slice(0, 10).to_pylist()
    if found.passed:
        _register(store, partition, version)
    return dg.MaterializeResult(
        metadata=rows_made(
            found.rows,
            version=version,
            users=found.users,
            users_with_a_short_feed=found.short,
            summary=found.summary(),
            preview=preview(
                ["user", "post", "score", "rank", "reason", "evidence"],
                [list(row.values()) for row in first],
            ),
        ),
        check_results=row_check_results(found),
    )


def _settings_of(manifest: Manifest) -> RecommenderSettings:
    if manifest.facts.settings is None:
        raise ArtefactError(f"{manifest.key} has no settings: materialize model_evaluation first")
    return RecommenderSettings.from_stored(manifest.facts.settings)


def _register(store: ArtefactStore, partition: str, version: str) -> None:
    """Register a version after its stored rows passed every check, so that it can be published."""
    manifest = mark_checked(store, partition, version)
    facts = manifest.facts
    entry = Entry(
        partition,
        version,
        manifest.created_at,
        metrics=facts.judgement.metrics() if facts.judgement else {},
        config=facts.settings or {},
        database=facts.database,
    )
    register(store.objects, entry)
