"""The schedule of the refresh. It is off by default; its interval is a setting."""

from datetime import UTC

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.defs.jobs import refresh_recommendations
from threads_pipelines.defs.refresh.skips import REFRESH_JOB, why_not_now
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.run_pruning import prune_runs

OFFSET_MINUTES = 5
"""Ticks come so long after the full hour: never at the same moment as the night."""
_DAY = 24 * 60
RUNS_KEPT_HOURS = 24.0
"""How long the run of a refresh stays; a frequent job would fill Dagster's storage otherwise."""


def ticks(minutes: int) -> str | list[str]:
    """Make the cron expressions of a refresh at regular intervals from 00:05.

    If a day is not a multiple of the interval, the last interval of the day is shorter.

    Args:
        minutes: The interval, 15 to 1440.

    Returns:
        One expression, or several.
    """
    if 60 % minutes == 0:
        return ",".join(str(m) for m in range(OFFSET_MINUTES, 60, minutes)) + " * * * *"
    times = range(OFFSET_MINUTES, _DAY, minutes)
    return [f"{time % 60} {time // 60} * * *" for time in times]


@dg.schedule(
    job=refresh_recommendations,
    cron_schedule=ticks(settings.load().refresh_minutes),
    execution_timezone=settings.load().timezone,
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every hour (THREADS_REFRESH_MINUTES), once it is turned on: refreshes the feeds "
    "of recently active people. A tick is skipped while a night, a backfill, a pin or another "
    "refresh runs, and if nothing happened.",
)
def refresh_between_nights(
    context: dg.ScheduleEvaluationContext,
) -> dg.RunRequest | dg.SkipReason:
    """Delete the runs of old refreshes, then request a refresh or say why it is skipped."""
    prune_runs(context.instance, REFRESH_JOB, RUNS_KEPT_HOURS)
    with Database().engine() as engine:
        reason = why_not_now(context.instance, ObjectStorage().artefacts(), engine)
    if reason is not None:
        return dg.SkipReason(reason)
    tick = context.scheduled_execution_time.astimezone(UTC)
    return dg.RunRequest(run_key=f"refresh {tick.isoformat(timespec='minutes')}")
