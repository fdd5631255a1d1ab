"""A sensor that ends runs whose process was killed, so that Dagster continues them once."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.tags import (
    AUTO_RETRY_RUN_ID_TAG,
    GRPC_INFO_TAG,
    PARENT_RUN_ID_TAG,
    WILL_RETRY_TAG,
)

from threads_pipelines.defs import abandoned_runs

OFFERED_AGAIN = "Offered again to be continued."
_OFFERED_TAG = "threads-pipelines/offered-again"
_PATIENCE = timedelta(seconds=20)
_FORGOTTEN_AFTER = timedelta(days=1)


@dg.sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Ends runs whose process is gone: killed with its server, or by the system when "
    "memory ran out. They fail, so that an alert is sent and Dagster continues them once.",
)
def end_abandoned_runs(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Fail each started run whose process does not exist any more.

    The code server evaluates this sensor, and launches runs as processes beside itself. After a
    restart of its container none of them is left.
    """
    ended = abandoned_runs.end_abandoned_runs(context.instance, in_code_server=True)
    offered = offer_again(context.instance, datetime.now(UTC))
    told = [
        f"{verb} {', '.join(ids)}" for verb, ids in (("ended", ended), ("offered", offered)) if ids
    ]
    return dg.SkipReason("; ".join(told) or "every run has its process")


def offer_again(instance: DagsterInstance, now: datetime) -> list[str]:
    """Report again the failures that the daemon overlooked.

    Dagster stores a run's failure and then its status in another transaction. Its daemon judges
    each failure once. If it does so in between, the run does not look failed yet and is never
    continued. At the second report the status is stored.

    Args:
        instance: Dagster's instance.
        now: The time, with a time zone.

    Returns:
        Ids of the runs.
    """
    failed = dg.RunsFilter(
        statuses=[DagsterRunStatus.FAILURE], updated_after=now - _FORGOTTEN_AFTER
    )
    offered = []
    for record in instance.get_run_records(failed):
        run, since = record.dagster_run, now - record.update_timestamp.replace(tzinfo=UTC)
        if since >= _PATIENCE and _is_overlooked(instance, run):
            instance.add_run_tags(run.run_id, {_OFFERED_TAG: "true"})
            instance.report_run_failed(run, OFFERED_AGAIN)
            offered.append(run.run_id)
    return offered


def _is_overlooked(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Return whether Dagster meant to continue a run, but neither it nor a person has."""
    tags = run.tags
    if GRPC_INFO_TAG not in tags or tags.get(WILL_RETRY_TAG) == "false":
        return False
    if _OFFERED_TAG in tags or AUTO_RETRY_RUN_ID_TAG in tags:
        return False
    return not instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: run.run_id}), limit=1)
