"""The schedule of every minute: its runs never overlap, and old ones are deleted."""

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus

from threads_pipelines.defs.jobs import continuous_simulation
from threads_pipelines.defs.resources.connections import Database
from threads_pipelines.defs.resources.consent import require_consent
from threads_pipelines.errors import ConfigurationError, DatabaseError, RealAccountsError

_ACTIVE = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@dg.schedule(
    job=continuous_simulation,
    cron_schedule="*/1 * * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every minute, once it is turned on: fake users post and act. A minute in which "
    "the run before it still goes on is left out.",
)
def every_minute(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Request a tick, unless one is queued or in progress or real accounts forbid it."""
    run = unfinished_run(context.instance)
    if run is not None:
        state = run.status.value.lower().replace("_", " ")
        return dg.SkipReason(f"run {run.run_id} of {run.job_name} is still {state}")
    refused = _refusal()
    if refused:
        return dg.SkipReason(refused)
    return dg.RunRequest(run_key=context.scheduled_execution_time.isoformat(timespec="minutes"))


def _refusal() -> str | None:
    """Return why real accounts forbid a tick; a database failure is left to the run to report."""
    try:
        with Database().engine() as engine:
            require_consent(engine, None)
    except RealAccountsError as error:
        return str(error)
    except (ConfigurationError, DatabaseError):
        return None
    return None


def unfinished_run(instance: DagsterInstance) -> dg.DagsterRun | None:
    """Find a run of the minute's job that is queued or in progress.

    Args:
        instance: Dagster's instance.

    Returns:
        The run; None if there is none.
    """
    active = dg.RunsFilter(job_name=continuous_simulation.name, statuses=_ACTIVE)
    return next(iter(instance.get_runs(active, limit=1)), None)
