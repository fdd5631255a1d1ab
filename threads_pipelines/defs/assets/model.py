"""The model and its scored rows: fit, rank, and check before anything is published."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import numpy as np
from pydantic import Field

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.defs.assets.evaluation import model_evaluation
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.defs.run_version import version_of_run
from threads_pipelines.defs.stored_rows import read_stored_rows, row_check_results, row_check_specs
from threads_pipelines.errors import ArtefactError
from threads_pipelines.evaluation.invariants import check_rows
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import Model, recommend_chunks
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.registry import register
from threads_pipelines.storage.s3.scored import open_scored, save_scored
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.versions.checked import mark_checked, mark_unchecked
from threads_pipelines.storage.s3.versions.manifest import Manifest
from threads_pipelines.storage.s3.versions.registered import Entry

MODEL = "model.npz"


@asset(
    group_name="recommendation",
    kinds={"s3", "numpy"},
    code_version="1",
    partitions_def=daily,
    deps=[model_evaluation],
    description="Similar people and similar posts over everything up to as_of, fitted with the "
    "settings that the gate let through.",
    metadata=columns(array="text", shape="text", type="text"),
)
def knn_model(context: dg.AssetExecutionContext, storage: ObjectStorage) -> dg.MaterializeResult:
    """Fit the recommender on the version's snapshot."""
    store, partition = storage.artefacts(), context.partition_key
    manifest = version_of_run(context, store)
    version, settings = manifest.version, _settings_of(manifest)
    snapshot = load_snapshot(store, partition, version)
    model = fit(snapshot, settings, progress=context.log.info)
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
    """How many posts a feed has."""

    top_k: int = Field(50, ge=1, le=1000, description="Posts a user; fewer where fewer are left.")
    chunk: int = Field(8192, ge=1, description="Users scored at a time; bounds the memory.")


@asset(
    group_name="recommendation",
    kinds={"s3", "parquet"},
    code_version="1",
    partitions_def=daily,
    deps=[knn_model],
    description="The scored rows of every user as an artefact, each with its main reason and the "
    "evidence. The stored rows are read back and checked; a version that passes is registered as "
    "checked, and only such a version can be published. A fault stops the night here.",
    metadata=columns(
        user_id="text",
        post_id="text",
        score="float64",
        rank="int16",
        reason="text",
        evidence="text",
    ),
    check_specs=row_check_specs("recommendations"),
)
def recommendations(
    context: dg.AssetExecutionContext, config: RankingConfig, storage: ObjectStorage
) -> dg.MaterializeResult:
    """Rank for every user, store the rows, read them back, check them and register the version."""
    store, partition = storage.artefacts(), context.partition_key
    manifest = version_of_run(context, store)
    version, settings = manifest.version, _settings_of(manifest)
    model = Model.from_arrays(store.load_arrays(partition, MODEL, version), settings)
    ids = model.user_ids, model.post_ids
    chunks = recommend_chunks(model, config.top_k, config.chunk)
    mark_unchecked(store, partition, version)
    save_scored(store, partition, version, _with_progress(context, chunks), *ids)
    store.change_facts(partition, version, lambda facts: replace(facts, top_k=config.top_k))
    snapshot = load_snapshot(store, partition, version)
    with open_scored(store, partition, version) as file:
        found = check_rows(read_stored_rows(file, snapshot), snapshot, config.top_k)
        first = file.read_row_group(0).slice(0, 10).to_pylist() if file.num_row_groups else []
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
    )
    register(store.objects, entry)


def _with_progress(
    context: dg.AssetExecutionContext, chunks: Iterator[ScoredRows]
) -> Iterator[ScoredRows]:
    rows = users = 0
    for chunk in chunks:
        rows, users = rows + len(chunk), users + len(np.unique(chunk.user))
        context.log.info(f"{rows:,} rows for {users:,} users scored")
        yield chunk
