"""Deletes runs of frequent jobs early, because Dagster never deletes a run or its log."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
_PRUNED_AT_ONCE = 20
"""Enough to catch up with one a minute, and over in a second."""


def prune_runs(instance: DagsterInstance, job_name: str, hours: float) -> int:
    """Delete the oldest finished runs of a job, with their logs.

    Args:
        instance: Dagster's instance.
        job_name: Name of the job.
        hours: Hours to keep a run.

    Returns:
        Number of deleted runs.
    """
    old = dg.RunsFilter(
        job_name=job_name,
        statuses=_FINISHED,
        created_before=datetime.now(UTC) - timedelta(hours=hours),
    )
    runs = instance.get_runs(old, limit=_PRUNED_AT_ONCE, ascending=True)
    for run in runs:
        delete_run(instance, run.run_id)
    return len(runs)


def delete_run(instance: DagsterInstance, run_id: str) -> None:
    """Delete a run with its events and the output of its steps, which Dagster alone would keep.

    Args:
        instance: Dagster's instance.
        run_id: The run.
    """
    instance.delete_run(run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
