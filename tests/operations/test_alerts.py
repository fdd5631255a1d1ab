"""Alerts and numbers reach a real server, once, and without a secret."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.operations.nights import NIGHT
from tests.operations.receiver import receiving
from threads_pipelines import settings
from threads_pipelines.defs.sensors.alerts import alert_on_failure, alert_on_late_feeds
from threads_pipelines.errors import ConfigurationError, DatabaseError, DeliveryError
from threads_pipelines.health import delivery
from threads_pipelines.health.alerts import FailedRun, failure_text, lateness_text, redact
from threads_pipelines.health.delivery import push_metrics, send_alert
from threads_pipelines.health.metrics import exposition, numbers_of

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between attempts."""
    monkeypatch.setattr(delivery, "_PAUSE_SECONDS", 0.0)


def test_the_text_says_what_where_why_and_what_to_type() -> None:
    failed = FailedRun("nightly", "run-1", "2026-11-23", "knn_model", "the disk is full")
    assert failure_text(failed) == (
        "nightly for 2026-11-23 failed in knn_model: the disk is full\n"
        "Continue it: threads-pipelines retry run-1"
    )
    assert failure_text(replace(failed, partition=None, step=None)).startswith("nightly failed: ")
    assert len(failure_text(replace(failed, error="x" * 9999))) < 2_200


@pytest.mark.parametrize(("hours", "late"), [(25.9, False), (26, False), (26.1, True)])
def test_feeds_are_late_after_26_hours(hours: float, late: bool) -> None:
    text = lateness_text(NOW - timedelta(hours=hours), NOW)
    assert (text is not None) is late
    assert lateness_text(None, NOW) is None


def test_secrets_are_redacted_longest_first() -> None:
    assert redact("a secret-and-more, secret", {"secret", "secret-and-more"}) == "a ***, ***"
    assert redact("an a", {"a"}) == "an a"  # a letter is no secret: the text would be unreadable


def test_the_settings_know_their_secrets() -> None:
    loaded = settings.load(
        {
            "DATABASE_URL": "postgresql://u:p%40ss@h/d",
            "S3_BUCKET": "b",
            "AWS_SECRET_ACCESS_KEY": "s3cret",
            "THREADS_ALERT_WEBHOOK_URL": "https://hooks.test/T0/planted",
        }
    )
    assert loaded.secrets == {"p%40ss", "p@ss", "s3cret", "https://hooks.test/T0/planted"}
    assert not [secret for secret in loaded.secrets if secret in repr(loaded)]
    with pytest.raises(ConfigurationError, match="THREADS_ALERT_WEBHOOK_URL is not an http"):
        settings.load({"THREADS_ALERT_WEBHOOK_URL": "ftp://secret"})


def test_an_alert_arrives_after_a_server_that_stumbles() -> None:
    with receiving(503, 200) as server:
        send_alert(f"{server.url}/hook", "hello")
    assert server.texts == ["hello", "hello"]
    assert server.requests[0][:2] == ("POST", "/hook")


def test_a_refusal_is_not_repeated_and_the_path_is_not_told() -> None:
    with receiving(404) as server, pytest.raises(DeliveryError, match="HTTP 404") as refused:
        send_alert(f"{server.url}/planted-secret", "hello")
    assert len(server.requests) == 1
    assert "planted-secret" not in str(refused.value)
    with pytest.raises(DeliveryError, match="ConnectError") as down:
        send_alert("http://127.0.0.1:1/planted-secret", "hello")
    assert "planted-secret" not in str(down.value)


def test_numbers_are_pushed_as_prometheus_reads_them() -> None:
    text = exposition({"rows": 3, "coverage": float("nan")}, {"knn_model": 1.5, 'a"b': 2.0}, 9.0)
    assert text.splitlines() == [
        "# TYPE threads_pipelines_night_rows gauge",
        "threads_pipelines_night_rows 3",
        "# TYPE threads_pipelines_night_end_timestamp_seconds gauge",
        "threads_pipelines_night_end_timestamp_seconds 9.0",
        "# TYPE threads_pipelines_night_step_seconds gauge",
        'threads_pipelines_night_step_seconds{step="a\\"b"} 2.0',
        'threads_pipelines_night_step_seconds{step="knn_model"} 1.5',
    ]
    with receiving() as server:
        push_metrics(f"{server.url}/", text)
    assert server.requests == [("PUT", "/metrics/job/threads_pipelines", text)]


def test_the_numbers_of_a_night() -> None:
    numbers = numbers_of(replace(NIGHT, newest_hours=None))
    assert numbers["cold_share"] == 0.2
    assert numbers["coverage"] == 0.8
    assert "newest_interaction_hours" not in numbers


@dg.op
def broken() -> None:
    """Fail as an asset does."""
    raise DatabaseError("database 'app' on db:5432: planted-secret is wrong") from ValueError("x")


@dg.job
def night() -> None:
    """Stand for the night."""
    broken()


def test_a_failed_run_is_told_with_its_worded_error(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = night.execute_in_process(instance=instance, raise_on_error=False)
    failure = dg.build_run_status_sensor_context(
        sensor_name="alert_on_failure",
        dagster_event=result.get_run_failure_event(),
        dagster_instance=instance,
        dagster_run=result.dagster_run,
    ).for_run_failure()
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:planted-secret@h/d")
    skipped = alert_on_failure(failure)
    assert isinstance(skipped, dg.SkipReason)
    with receiving() as server:
        monkeypatch.setenv("THREADS_ALERT_WEBHOOK_URL", server.url)
        alert_on_failure(failure)
    assert server.texts == [
        "night failed in broken: database 'app' on db:5432: *** is wrong\n"
        f"Continue it: threads-pipelines retry {result.run_id}"
    ]


def test_late_feeds_are_told_once(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with receiving() as server:
        monkeypatch.setenv("THREADS_ALERT_WEBHOOK_URL", server.url)
        context = dg.build_sensor_context(instance)
        assert isinstance(alert_on_late_feeds(context), dg.SkipReason)  # nothing was ever published
        for metadata in ({"dagster/row_count": 9}, {"dagster/row_count": 0}):  # of now, a past day
            instance.report_runless_asset_event(
                dg.AssetMaterialization("user_recommendation", metadata=metadata)
            )
        assert isinstance(alert_on_late_feeds(context), dg.SkipReason)
        monkeypatch.setattr("threads_pipelines.health.alerts.LATE_AFTER", timedelta(0))
        told = alert_on_late_feeds(context)
        assert isinstance(told, dg.SensorResult)
        again = dg.build_sensor_context(instance, cursor=told.cursor)
        assert isinstance(alert_on_late_feeds(again), dg.SkipReason)
    (text,) = server.texts
    assert text.startswith("The feeds are 0 hours old")
