"""The sensor that tells where refreshes do not keep up."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.defs.refresh.lateness import (
    KEEPS_UP,
    REFRESHED,
    Lateness,
    lateness,
    lateness_by_runs,
)
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.errors import ThreadsPipelinesError
from threads_pipelines.health.alerts import redact
from threads_pipelines.health.delivery import send_alert

_ADVICE = "Look: threads-pipelines check; then: threads-pipelines refresh"


@dg.sensor(
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=600,
    description="While the schedule of the refresh is on: fails the check keeps_up of "
    "refreshed_feeds and sends one alert where THREADS_REFRESH_LATE_AFTER refreshes were missed. A "
    "single refresh that fails is tried again at the next tick and alerts nobody.",
)
def alert_on_late_refreshes(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Tell once of each time that refreshes fall behind."""
    given, now = settings.load(), datetime.now(UTC)
    late, reason = _lateness(context.instance, given, now)
    if late is None:
        return dg.SkipReason("no refresh is missing")
    told = late.since.isoformat()
    if context.cursor == told:
        return dg.SkipReason("told already")
    text = f"{late}{reason}"
    if given.alert_webhook_url is not None:
        send_alert(given.alert_webhook_url, redact(f"{text}.\n{_ADVICE}", given.secrets))
    failed = dg.AssetCheckEvaluation(
        asset_key=REFRESHED,
        check_name=KEEPS_UP,
        passed=False,
        severity=dg.AssetCheckSeverity.WARN,
        description=redact(text, given.secrets),
    )
    return dg.SensorResult(cursor=told, asset_events=[failed])


def _lateness(
    instance: dg.DagsterInstance, given: settings.Settings, now: datetime
) -> tuple[Lateness | None, str]:
    """What is late, and what to say of servers that cannot be asked."""
    interval = timedelta(minutes=given.refresh_minutes)
    missed = given.refresh_late_after
    try:
        with Database().engine() as engine:
            store = ObjectStorage().artefacts()
            return lateness(instance, store, engine, interval, missed, now), ""
    except ThreadsPipelinesError as error:
        return lateness_by_runs(instance, interval, missed, now), f" ({error})"
