"""The schedule of the refresh: off until somebody turns it on, at an interval that is a setting."""

from datetime import UTC

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.defs.jobs import refresh_recommendations
from threads_pipelines.defs.refresh.skips import why_not_now
from threads_pipelines.defs.resources.connections import Database, ObjectStorage

OFFSET_MINUTES = 5
"""Ticks come so long after the full hour: never at the same moment as the night."""
_DAY = 24 * 60


def ticks(minutes: int) -> str | list[str]:
    """Cron expressions of a refresh every so many minutes (15 to 1440), counted from 00:05.

    The last interval of a day is shorter where a day is no multiple of it.
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
    description="Every hour (THREADS_REFRESH_MINUTES), once it is turned on: the feeds of those "
    "who are likely to come. A tick is left out while a night, a backfill, a pin or another "
    "refresh runs, and where nothing happened.",
)
def refresh_between_nights(
    context: dg.ScheduleEvaluationContext,
) -> dg.RunRequest | dg.SkipReason:
    """Request a refresh, or say why there is none."""
    with Database().engine() as engine:
        reason = why_not_now(context.instance, ObjectStorage().artefacts(), engine)
    if reason is not None:
        return dg.SkipReason(reason)
    tick = context.scheduled_execution_time.astimezone(UTC)
    return dg.RunRequest(run_key=f"refresh {tick.isoformat(timespec='minutes')}")
