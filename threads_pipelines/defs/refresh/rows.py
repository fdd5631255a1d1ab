"""Decides whether to refresh, ranks for the selected people, and checks the rows."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import numpy as np
from pydantic import Field

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.defs.assets.guard import judged_anew
from threads_pipelines.defs.assets.matrix import control_group
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.refresh.reading import read_for_refresh
from threads_pipelines.defs.refresh.skips import Predecessor, require_predecessor, why_not_now
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.defs.resources.refreshed import Refreshed
from threads_pipelines.defs.stored_rows import read_stored_rows, row_check_results, row_check_specs
from threads_pipelines.errors import ArtefactError
from threads_pipelines.evaluation.invariants import check_rows
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import recommend_chunks
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.refresh.figures import PlacesTally, figures
from threads_pipelines.refresh.people import people_to_refresh
from threads_pipelines.storage.history import require_own
from threads_pipelines.storage.postgres.contract import require_contract
from threads_pipelines.storage.postgres.feed_ages import UNKNOWN, FeedAges, read_feed_ages
from threads_pipelines.storage.postgres.server_identity import read_identity
from threads_pipelines.storage.s3.scored import open_scored, save_scored
from threads_pipelines.storage.s3.versions.checked import mark_checked
from threads_pipelines.storage.s3.versions.decided import save_decided

SKIPPED_TAG = "threads-pipelines/skipped"
VERSION, PARTITION, FIGURES = "version", "partition", "figures"


class RankingChunk(dg.Config):
    """The size of chunks."""

    chunk: int = Field(8192, ge=1, description="Users scored at a time; bounds the memory.")


@asset(
    group_name="refresh",
    kinds={"postgres", "s3"},
    code_version="1",
    deps=["check_services"],
    output_required=False,
    description="Whether the feeds are refreshed now. They are not while a night, a backfill, a "
    "pin or another refresh runs, while a version is pinned, and where nothing happened since the "
    "last run: then the run ends here, with the reason in its log and in its tags.",
    metadata=columns(night="text", since="timestamp"),
)
def refresh_due(
    context: dg.AssetExecutionContext,
    database: Database,
    storage: ObjectStorage,
    refreshed: Refreshed,
) -> Iterator[dg.MaterializeResult]:
    """Continue, or say why the refresh is skipped."""
    store, run_id = storage.artefacts(), context.run.run_id
    with database.engine() as engine:
        refreshed.require(engine)
        named = bool(refreshed.users)
        reason = why_not_now(context.instance, store, engine, run_id, named=named)
    if reason is not None:
        context.log.info(f"Skipped: {reason}.")
        context.instance.add_run_tags(run_id, {SKIPPED_TAG: reason})
        return
    before = require_predecessor(store)
    told = {"night": before.night.version, "since": before.as_of.isoformat()}
    yield dg.MaterializeResult(metadata=told)


@asset(
    group_name="refresh",
    kinds={"postgres", "s3", "parquet"},
    code_version="1",
    deps=[refresh_due],
    description="The scored rows of people who are likely to return before the next refresh, "
    "ranked with the settings of the night that is served, over everything up to now. They are "
    "checked like the night's rows: a violation stops the refresh here.",
    metadata=columns(
        user_id="text",
        post_id="text",
        score="float64",
        rank="int16",
        reason="text",
        evidence="text",
    ),
    check_specs=row_check_specs("refreshed_recommendations"),
)
def refreshed_recommendations(
    context: dg.AssetExecutionContext,
    config: RankingChunk,
    database: Database,
    storage: ObjectStorage,
    experiment: Experiment,
    refreshed: Refreshed,
) -> dg.MaterializeResult:
    """Read what changed, fit, rank for the selected people, store their rows and check them."""
    store, now = storage.artefacts(), datetime.now(UTC).replace(microsecond=0)
    before = require_predecessor(store)
    manifest = store.manifest(before.night.partition, before.night.version)
    night = manifest.facts
    with database.engine() as engine:
        require_contract(engine)
        warning, identity = require_own(engine, store, manifest), read_identity(engine)
        if warning:
            context.log.warning(warning)
        reading = read_for_refresh(context, engine, store, night, now)
        ages = read_feed_ages(engine, now.replace(tzinfo=None))
        snapshot = reading.snapshot
        if experiment.withholds_control():
            snapshot = snapshot.withholding(control_group(engine, experiment.settings()))
    people = people_to_refresh(snapshot, ages.without_feed, refreshed.users, refreshed.rule())
    context.log.info(f"{len(people):,} people to refresh")
    if night.settings is None or night.top_k is None:
        raise ArtefactError(f"version {before.night.version} has no settings: run the night again")
    chosen, top_k = RecommenderSettings.from_stored(night.settings), night.top_k
    served = store.manifest(before.night.partition, before.night.version)
    trust = judged_anew(store, served, snapshot)
    model = fit(snapshot, chosen, progress=context.log.info, trust=trust)
    partition = before.night.partition
    version = f"{now:%Y%m%dT%H%M%SZ}-{context.run.run_id[:8]}"
    facts = VersionFacts(
        as_of=now,
        look_back_days=night.look_back_days,
        kind="refresh",
        parent=before.night.version,
        database=identity,
        read=reading.report,
        settings=night.settings,
        settings_source=night.settings_source,
        top_k=top_k,
    )
    store.create(partition, version, now.isoformat(), facts)
    tally = PlacesTally(len(snapshot.posts.ids))
    chunks = tally.of(recommend_chunks(model, top_k, config.chunk, people))
    only = _only(snapshot, people)
    save_decided(store, partition, version, snapshot.users.ids[people], np.ones(len(people), bool))
    save_scored(store, partition, version, chunks, model.user_ids, model.post_ids)
    with open_scored(store, partition, version) as files:
        found = check_rows(read_stored_rows(files, only), only, top_k)
    if found.passed:
        mark_checked(store, partition, version)
    numbers = _figures(snapshot, tally, people, ages, before)
    return dg.MaterializeResult(
        metadata=rows_made(
            found.rows,
            **{VERSION: version, PARTITION: partition, FIGURES: dg.MetadataValue.json(numbers)},
            night=before.night.version,
            people=len(people),
            summary=found.summary(),
            interactions=preview(["what", "value"], asdict(reading.changes).items()),
        ),
        check_results=row_check_results(found),
    )


def _only(snapshot: Snapshot, people: np.ndarray) -> Snapshot:
    """Return the snapshot in which only these people get a feed."""
    receives = np.zeros(len(snapshot.users.ids), bool)
    receives[people] = True
    return replace(snapshot, users=replace(snapshot.users, receives=receives))


def _figures(
    snapshot: Snapshot,
    tally: PlacesTally,
    people: np.ndarray,
    ages: FeedAges,
    before: Predecessor,
) -> dict[str, Any]:
    """Compute the figures of the refresh at the present time."""
    ids = snapshot.users.ids
    place = np.searchsorted(ids, ages.ids)
    there = (place < len(ids)) & (ids[np.minimum(place, len(ids) - 1)] == ages.ids)
    joined, made = np.full((2, len(ids)), UNKNOWN)
    joined[place[there]], made[place[there]] = ages.joined[there], ages.made[there]
    refreshed = np.zeros(len(ids), bool)
    refreshed[people] = True
    return asdict(
        figures(
            snapshot,
            tally,
            refreshed,
            joined,
            made,
            night=round(before.night_as_of.timestamp()),
            before=round(before.as_of.timestamp()),
            now=round(datetime.now(UTC).timestamp()),
        )
    )
