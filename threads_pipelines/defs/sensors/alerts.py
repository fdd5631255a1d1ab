"""Sends alerts about failed runs and late feeds to a webhook, if one is configured."""

from datetime import UTC, datetime

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.defs.failures import failure_of
from threads_pipelines.defs.refresh.skips import REFRESH_JOB
from threads_pipelines.defs.sensors.recovery import OFFERED_AGAIN
from threads_pipelines.health.alerts import (
    FailedRun,
    failure_text,
    lateness_text,
    redact,
)
from threads_pipelines.health.delivery import send_alert

FEEDS = dg.AssetKey("user_recommendation")
_LOOK_BACK = 200


@dg.run_failure_sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Sends each failed run to THREADS_ALERT_WEBHOOK_URL: what failed, why, and the "
    "command that continues it. Without that address it does nothing.",
)
def alert_on_failure(context: dg.RunFailureSensorContext) -> dg.SkipReason | None:
    """Send an alert about a failed run."""
    given = settings.load()
    if given.alert_webhook_url is None:
        return dg.SkipReason("THREADS_ALERT_WEBHOOK_URL is not set: nobody is told")
    if context.failure_event.message == OFFERED_AGAIN:
        return dg.SkipReason("told already")
    if context.dagster_run.job_name == REFRESH_JOB:
        return dg.SkipReason("a refresh that fails is tried again at the next tick")
    text = failure_text(failed_run(context))
    send_alert(given.alert_webhook_url, redact(text, given.secrets))
    return None


@dg.sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=600,
    description="Sends one alert when the feeds are older than 26 hours, because a night that "
    "never ran reports no failure.",
)
def alert_on_late_feeds(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Send one alert for each publication that is not followed by another one in time."""
    given = settings.load()
    if given.alert_webhook_url is None:
        return dg.SkipReason("THREADS_ALERT_WEBHOOK_URL is not set: nobody is told")
    latest = latest_for_everyone(context.instance)
    text = lateness_text(latest, datetime.now(UTC))
    told = latest.isoformat() if latest else ""
    if text is None or context.cursor == told:
        return dg.SkipReason("told already" if text else "the feeds are fresh")
    send_alert(given.alert_webhook_url, redact(text, given.secrets))
    return dg.SensorResult(cursor=told)


def latest_for_everyone(instance: dg.DagsterInstance) -> datetime | None:
    """Find the latest publication of feeds for everyone.

    Publications of a past day, or for a few accounts, do not count.

    Args:
        instance: Dagster's instance.

    Returns:
        Its time in UTC; None if there is none.
    """
    for record in instance.fetch_materializations(FEEDS, limit=_LOOK_BACK).records:
        made = record.asset_materialization
        told = {name: value.value for name, value in made.metadata.items()} if made else {}
        if told.get("dagster/row_count") and told.get("everyone", True):
            return datetime.fromtimestamp(record.timestamp, UTC)
    return None


def failed_run(context: dg.RunFailureSensorContext) -> FailedRun:
    """Describe a failed run by its first failed step, or by its own failure.

    Args:
        context: Context of the sensor.

    Returns:
        The description.
    """
    run, steps = context.dagster_run, context.get_step_failure_events()
    event = steps[0] if steps else context.failure_event
    error = failure_of(event) if steps else context.failure_event.message
    return FailedRun(
        job=run.job_name,
        run_id=run.run_id,
        partition=run.tags.get("dagster/partition"),
        step=event.step_key,
        error=error or "no reason was recorded",
    )


ALERTS = [alert_on_failure, alert_on_late_feeds]
