"""When things run by themselves."""

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.defs import jobs
from threads_pipelines.recommender.as_of import NIGHTLY_HOUR


@dg.schedule(
    job=jobs.nightly_recommendations,
    cron_schedule=f"0 {NIGHTLY_HOUR} * * *",
    execution_timezone=settings.load().timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every night at 02:00: today's feed for everyone. "
    "After downtime only the latest missed night is caught up.",
)
def nightly(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the run of the day that begins; its key keeps a tick from running twice."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=f"nightly-{day}", partition_key=day)
