"""Prunes old runs and versions, apart from the nightly job."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.defs.assets.services import check_parts
from threads_pipelines.defs.common import max_runtime
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.run_pruning import delete_run
from threads_pipelines.storage.history import require_own_history
from threads_pipelines.storage.s3.pruning import prune_versions
from threads_pipelines.storage.s3.refreshes.pruning import prune_refreshes
from threads_pipelines.storage.s3.retention import FinishedRun, VersionRules, plan_runs

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_BATCH = 500


class PruneConfig(dg.Config):
    """Retention. What is served, pinned, or was served before is always kept."""

    dry_run: bool = Field(False, description="Only show what would be deleted.")
    superseded_days: float = Field(
        7, ge=1, description="Days to keep a version after its day was run again."
    )
    keep_days: float = Field(
        90, ge=1, description="Days to keep the files of a version; its metrics are kept for ever."
    )
    keep_partitions: int = Field(
        14, ge=8, description="Number of latest days whose files are kept regardless of age."
    )
    run_days: float = Field(90, ge=1, description="Days to keep a finished run and its log.")
    run_count: int = Field(200, ge=0, description="Latest runs to keep regardless of age.")


@dg.op(
    ins={"checked": dg.In(dg.Nothing)},
    description="Deletes old versions on S3 and old runs in Dagster's storage.",
)
def prune_old(
    context: dg.OpExecutionContext, config: PruneConfig, database: Database, storage: ObjectStorage
) -> None:
    """Prune, and say what went; another database's versions are refused."""
    with database.engine() as engine:
        warning = require_own_history(engine, storage.artefacts())
    if warning:
        context.log.warning(warning)
    rules = VersionRules(config.superseded_days, config.keep_days, config.keep_partitions)
    now, verb = datetime.now(UTC), "would go" if config.dry_run else "went"
    if not config.dry_run:
        prune_refreshes(storage.artefacts(), now, timedelta(days=rules.refresh_days))
    pruned = prune_versions(
        storage.artefacts(), now, rules, dry_run=config.dry_run, progress=context.log.info
    )
    instance = context.instance
    old = plan_runs(
        finished_runs(instance),
        now,
        keep_days=config.run_days,
        keep_count=config.run_count,
        needed=runs_of_latest_materializations(instance),
    )
    if not config.dry_run:
        for run_id in old:
            delete_run(instance, run_id)
    context.log.info(
        f"{pruned.deleted} versions, the files of {pruned.thinned} more and {pruned.debris} "
        f"without a manifest {verb} ({pruned.bytes / 1e6:.1f} MB), and {len(old)} runs"
    )


def finished_runs(instance: DagsterInstance) -> list[FinishedRun]:
    """Read all runs that have ended, in batches.

    Args:
        instance: Dagster's instance.

    Returns:
        The runs.
    """
    found: list[FinishedRun] = []
    cursor = None
    while True:
        records = instance.get_run_records(
            dg.RunsFilter(statuses=_FINISHED), limit=_BATCH, cursor=cursor
        )
        found += [
            FinishedRun(record.dagster_run.run_id, record.update_timestamp.replace(tzinfo=UTC))
            for record in records
        ]
        if len(records) < _BATCH:
            return found
        cursor = records[-1].dagster_run.run_id


def runs_of_latest_materializations(instance: DagsterInstance) -> set[str]:
    """Find the runs that made the latest materialization of each asset.

    Args:
        instance: Dagster's instance.

    Returns:
        Ids of the runs.
    """
    events = [instance.get_latest_materialization_event(key) for key in instance.all_asset_keys()]
    return {event.run_id for event in events if event is not None}


@dg.job(executor_def=dg.in_process_executor, tags=max_runtime(3 * 3600))
def maintenance() -> None:
    """Prune old versions, models and runs."""
    prune_old(check_parts())


@dg.schedule(
    job=maintenance,
    cron_schedule="0 5 * * 0",
    execution_timezone=settings.load().timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Sundays at 05:00: deletes old versions and runs.",
)
def weekly_maintenance() -> dg.RunRequest:
    """Request the pruning with its defaults."""
    return dg.RunRequest()
