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


@dg.schedule(
    job=jobs.tune_settings,
    cron_schedule=f"0 {NIGHTLY_HOUR + 2} * * 0",
    execution_timezone=settings.load().timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Sundays at 04:00: search the recommender's settings on that night's data.",
)
def weekly_tuning(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the search on the day's snapshot, which the night has read."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=f"tuning-{day}", partition_key=day)


@dg.schedule(
    job=jobs.experiment_reports,
    cron_schedule=f"0 {NIGHTLY_HOUR + 1} * * *",
    execution_timezone=settings.load().timezone,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every day at 03:00: the experiment's report, the comparison page, the exports.",
)
def daily_reports(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the reports of the day that begins."""
    day = context.scheduled_execution_time.strftime("%Y-%m-%d")
    return dg.RunRequest(run_key=f"reports-{day}", partition_key=day)


all_schedules = [nightly, weekly_tuning, daily_reports]
