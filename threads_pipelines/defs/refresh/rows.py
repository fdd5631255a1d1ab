"""Decides whether to refresh, ranks for the selected people, and checks the rows."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.defs.assets.matrix import control_group
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.refresh.ranking import rank_refresh
from threads_pipelines.defs.refresh.skips import require_predecessor, why_not_now
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.defs.resources.refreshed import Refreshed
from threads_pipelines.defs.stored_rows import ROW_COLUMNS, row_check_results, row_check_specs
from threads_pipelines.storage.history import require_own
from threads_pipelines.storage.postgres.contract import require_contract

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
    metadata=ROW_COLUMNS,
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
    with database.engine() as engine:
        require_contract(engine)
        night = store.manifest(before.night.partition, before.night.version)
        warning = require_own(engine, store, night)
        if warning:
            context.log.warning(warning)
        withheld = (
            control_group(engine, experiment.settings()) if experiment.withholds_control() else []
        )
        made = rank_refresh(
            engine,
            store,
            before,
            now=now,
            run_id=context.run.run_id,
            rule=refreshed.rule(),
            named=refreshed.users,
            withheld=withheld,
            chunk=config.chunk,
            scratch=settings.load().state_dir / "scratch",
            progress=context.log.info,
        )
    return dg.MaterializeResult(
        metadata=rows_made(
            made.found.rows,
            **{
                VERSION: made.version,
                PARTITION: made.partition,
                FIGURES: dg.MetadataValue.json(made.figures),
            },
            night=before.night.version,
            people=made.people,
            summary=made.found.summary(),
            interactions=preview(["what", "value"], asdict(made.changes).items()),
        ),
        check_results=row_check_results(made.found),
    )
