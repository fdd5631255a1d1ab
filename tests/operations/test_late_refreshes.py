"""Somebody is told where refreshes do not keep up, and only then."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    ScheduleInstigatorData,
)

from tests.operations.build import store_version
from tests.operations.receiver import Receiver, receiving
from tests.storage.app_database import AppDatabase
from threads_pipelines.definitions import defs
from threads_pipelines.defs.refresh import schedule
from threads_pipelines.defs.refresh.late_alert import alert_on_late_refreshes
from threads_pipelines.defs.refresh.lateness import KEEPS_UP, REFRESHED, schedule_on_since
from threads_pipelines.defs.refresh.schedule import refresh_between_nights
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.storage.s3.pins import pin, release
from threads_pipelines.storage.s3.refreshes.record import Refresh, record_refresh
from threads_pipelines.storage.s3.registry import activate

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = f"{NOW:%Y-%m-%d}"
READ = NOW - timedelta(hours=10)


@pytest.fixture
def night(app_database: AppDatabase, environment: pytest.MonkeyPatch) -> AppDatabase:
    """A night that read up to ten hours ago; somebody has acted five hours ago."""
    del environment
    app_database.users("ann", "author")
    app_database.posts("author", "p1")
    for table in ('"user"', "post"):
        app_database.rows(
            f"UPDATE {table} SET created_at = %s, updated_at = %s", READ_NAIVE, READ_NAIVE
        )
    acted(app_database, 5)
    store = ObjectStorage().artefacts()
    store_version(store, DAY, "night", READ_NAIVE, [("ann", "p1", 0.5)])
    activate(store.objects, "night")
    return app_database


READ_NAIVE = READ.replace(tzinfo=None)


@pytest.fixture
def alerts(environment: pytest.MonkeyPatch) -> Iterator[Receiver]:
    with receiving(200) as server:
        environment.setenv("THREADS_ALERT_WEBHOOK_URL", server.url)
        yield server


def acted(database: AppDatabase, hours_ago: float) -> None:
    database.rows("DELETE FROM user_interaction")
    database.insert(
        "user_interaction",
        {
            "id": "i",
            "user_id": "ann",
            "post_id": "p1",
            "interaction_type": "view",
            "created_at": (NOW - timedelta(hours=hours_ago)).replace(tzinfo=None),
        },
    )


def turn_on(instance: dg.DagsterInstance, hours_ago: float) -> None:
    """Turn the schedule on as the UI does, so many hours ago."""
    location = GrpcServerCodeLocationOrigin(host="localhost", port=1, location_name="code")
    origin = RemoteInstigatorOrigin(
        repository_origin=RemoteRepositoryOrigin(
            code_location_origin=location, repository_name="__repository__"
        ),
        instigator_name=refresh_between_nights.name,
    )
    state = InstigatorState(
        origin,
        InstigatorType.SCHEDULE,
        InstigatorStatus.RUNNING,
        ScheduleInstigatorData("5 * * * *", (NOW - timedelta(hours=hours_ago)).timestamp()),
    )
    assert schedule_on_since(instance) is None
    instance.add_instigator_state(state)


def look(
    instance: dg.DagsterInstance, cursor: str | None = None
) -> dg.SensorResult | dg.SkipReason | None:
    """Evaluate the sensor as the daemon does."""
    context = dg.build_sensor_context(instance, cursor=cursor)
    return alert_on_late_refreshes(context)  # type: ignore[return-value]


def is_late(instance: dg.DagsterInstance) -> bool:
    return isinstance(look(instance), dg.SensorResult)


def test_three_missed_refreshes_are_told_once_and_fail_the_check(
    night: AppDatabase, instance: dg.DagsterInstance, alerts: Receiver
) -> None:
    del night
    turn_on(instance, hours_ago=20)
    told = look(instance)
    assert isinstance(told, dg.SensorResult)
    (text,) = alerts.texts
    assert text.startswith("The feeds do not keep up: what happened since ")
    assert "10 refreshes were due.\nLook: threads-pipelines check" in text
    (check,) = told.asset_events
    assert isinstance(check, dg.AssetCheckEvaluation)
    assert (check.asset_key, check.check_name, check.passed) == (REFRESHED, KEEPS_UP, False)
    assert isinstance(look(instance, told.cursor), dg.SkipReason)
    assert len(alerts.texts) == 1


def test_nobody_is_told_where_no_refresh_is_due(
    night: AppDatabase,
    instance: dg.DagsterInstance,
    alerts: Receiver,
    environment: pytest.MonkeyPatch,
) -> None:
    assert not is_late(instance), "the schedule is off"
    turn_on(instance, hours_ago=20)
    assert is_late(instance)
    store = ObjectStorage().store()
    acted(night, 2.5)
    assert not is_late(instance), "what happened has not waited for three hours"
    acted(night, 5)
    pin(store, "night", "now")
    assert not is_late(instance), "a pin leaves refreshes out"
    release(store)
    environment.setenv("THREADS_REFRESH_LATE_AFTER", "11")
    assert not is_late(instance)
    environment.delenv("THREADS_REFRESH_LATE_AFTER")
    begun = Refresh(DAY, "v", "night", (NOW - timedelta(hours=1)).isoformat())
    record_refresh(store, begun)
    assert is_late(instance), "it was killed before it published"
    record_refresh(store, Refresh(DAY, "v", "night", begun.as_of, NOW.isoformat()))
    assert not is_late(instance)
    assert len(alerts.texts) == 2


def test_a_schedule_that_was_just_turned_on_is_given_its_time(
    night: AppDatabase, instance: dg.DagsterInstance
) -> None:
    del night
    turn_on(instance, hours_ago=2)
    assert not is_late(instance)


def test_servers_that_cannot_be_asked_are_named(
    night: AppDatabase,
    instance: dg.DagsterInstance,
    alerts: Receiver,
    environment: pytest.MonkeyPatch,
) -> None:
    del night
    turn_on(instance, hours_ago=20)
    environment.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:1")
    assert not is_late(instance), "nothing was ever published that is known of"
    made = dg.AssetMaterialization("user_recommendation")
    instance.report_runless_asset_event(made)
    assert not is_late(instance), "it was published just now"
    environment.setenv("THREADS_REFRESH_MINUTES", "15")
    environment.setattr("threads_pipelines.defs.refresh.late_alert.datetime", _Later)
    assert is_late(instance)
    assert "127.0.0.1:1" in alerts.texts[-1]


class _Later(datetime):
    """The clock an hour on."""

    @classmethod
    def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
        return datetime.now(UTC) + timedelta(hours=1)


def test_a_tick_deletes_the_runs_of_yesterday(
    night: AppDatabase, instance: dg.DagsterInstance, environment: pytest.MonkeyPatch
) -> None:
    del night
    job = defs.resolve_job_def(refresh_between_nights.job_name)
    for _ in range(3):
        instance.create_run_for_job(job, status=dg.DagsterRunStatus.FAILURE)

    def tick() -> object:
        context = dg.build_schedule_context(instance, scheduled_execution_time=NOW)
        return refresh_between_nights(context)

    assert isinstance(tick(), dg.RunRequest)
    assert len(instance.get_runs()) == 3
    environment.setattr(schedule, "RUNS_KEPT_HOURS", 0.0)
    assert isinstance(tick(), dg.RunRequest)
    assert instance.get_runs() == []
