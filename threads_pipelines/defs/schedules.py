"""The schedules; each requests its job for the day that begins."""

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.dataset.as_of import NIGHTLY_HOUR
from threads_pipelines.defs import jobs


def _for_the_day(name: str, job: str, cron: str, why: str) -> dg.ScheduleDefinition:
    """Make a schedule, on by default, whose run key prevents a tick from running twice."""

    @dg.schedule(
        name=name,
        job_name=job,
        cron_schedule=cron,
        execution_timezone=settings.load().timezone,
        default_status=dg.DefaultScheduleStatus.RUNNING,
        description=why,
    )
    def request(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = context.scheduled_execution_time.strftime("%Y-%m-%d")
        return dg.RunRequest(run_key=f"{name}-{day}", partition_key=day)

    return request


nightly = _for_the_day(
    "nightly",
    jobs.nightly_recommendations.name,
    f"0 {NIGHTLY_HOUR} * * *",
    "Every night at 02:00: today's feed for everyone. After downtime only the latest missed night "
    "is caught up.",
)
daily_reports = _for_the_day(
    "daily_reports",
    jobs.experiment_reports.name,
    f"0 {NIGHTLY_HOUR + 1} * * *",
    "Every day at 03:00: the experiment's report, the comparison page and the exports.",
)
weekly_tuning = _for_the_day(
    "weekly_tuning",
    jobs.tune_settings.name,
    f"0 {NIGHTLY_HOUR + 2} * * 0",
    "Sundays at 04:00: search the recommender's settings on what that night has read.",
)

all_schedules = [nightly, daily_reports, weekly_tuning]
