"""A look at real parts, well and ill."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import make_url

from tests.operations.conftest import settings_of
from tests.storage.app_database import AppDatabase
from threads_pipelines.health import findings as health
from threads_pipelines.health.findings import (
    Finding,
    HealthLimits,
    judge_clock,
    judge_disk,
    stops_a_run,
)
from threads_pipelines.health.probes import run_health_checks
from threads_pipelines.settings import Settings
from threads_pipelines.storage.s3.objects import ObjectStore

CLOSED = "127.0.0.1:1"


def found(settings: Settings, part: str) -> Finding:
    (finding,) = run_health_checks(settings, [part])
    assert finding.part == part
    assert finding.seconds >= 0
    return finding


def with_database(settings: Settings, **changes: object) -> Settings:
    address = make_url(settings.database_url).set(**changes)  # type: ignore[arg-type]  # by name
    return replace(settings, database_url_or_none=address.render_as_string(hide_password=False))


def test_everything_is_well(parts: Settings) -> None:
    findings = run_health_checks(parts, health.NIGHTLY_PARTS)
    assert [finding.part for finding in findings] == list(health.NIGHTLY_PARTS)
    assert all(finding.ok and finding.found and not finding.advice for finding in findings)
    assert stops_a_run(findings, health.NIGHTLY_PARTS) is None
    assert list(ObjectStore(parts.s3).listing("")) == []  # the look leaves nothing behind


def test_a_database_that_is_down(parts: Settings) -> None:
    finding = found(with_database(parts, port=1), health.DATABASE)
    assert not finding.ok
    assert "nothing listens there" in finding.found
    assert "DATABASE_URL" in finding.advice


def test_a_wrong_password_is_not_repeated(parts: Settings) -> None:
    finding = found(with_database(parts, password="planted-secret"), health.DATABASE)
    assert not finding.ok
    assert "password" in finding.found
    assert "planted-secret" not in repr(finding)


def test_a_broken_contract_names_what_differs(parts: Settings, own_database: AppDatabase) -> None:
    parts = settings_of(own_database, parts.s3)
    own_database.rows("ALTER TABLE user_recommendation DROP COLUMN expires_at")
    finding = found(parts, health.DATABASE)
    assert not finding.ok
    assert "expires_at" in finding.found


def test_an_s3_server_that_is_down(parts: Settings) -> None:
    down = replace(parts, s3_or_none=replace(parts.s3, endpoint_url=f"http://{CLOSED}"))
    finding = found(down, health.OBJECT_STORAGE)
    assert not finding.ok
    assert "S3_ENDPOINT_URL" in finding.found


def test_a_bucket_that_is_missing(parts: Settings) -> None:
    finding = found(
        replace(parts, s3_or_none=replace(parts.s3, bucket="no-such-bucket")),
        health.OBJECT_STORAGE,
    )
    assert not finding.ok
    assert "no-such-bucket" in finding.found


@pytest.mark.parametrize("field", ["access_key_id", "secret_access_key"])
def test_a_wrong_key_is_not_repeated(parts: Settings, field: str) -> None:
    wrong = replace(parts.s3, **{field: "planted-secret"})
    finding = found(replace(parts, s3_or_none=wrong), health.OBJECT_STORAGE)
    assert not finding.ok
    assert "403" in finding.found or "Access" in finding.found or "Signature" in finding.found
    assert "planted-secret" not in repr(finding)


def test_a_text_model_that_is_not_there(parts: Settings) -> None:
    finding = found(replace(parts, ollama_host_or_none=f"http://{CLOSED}"), health.TEXT_MODEL)
    assert not finding.ok
    assert "does not answer" in finding.found


def test_an_address_that_was_never_given(parts: Settings) -> None:
    finding = found(parts, health.TEXT_MODEL)
    assert not finding.ok
    assert "OLLAMA_HOST" in finding.found


def test_a_clock_that_is_wrong(parts: Settings) -> None:
    (_, clock) = run_health_checks(
        parts,
        [health.DATABASE, health.CLOCK],
        clock=lambda: datetime.now(UTC) - timedelta(hours=1),
    )
    assert not clock.ok
    assert "the database +36" in clock.found
    assert "NTP" in clock.advice


def test_a_full_disk(parts: Settings) -> None:
    (finding,) = run_health_checks(parts, [health.DISK], HealthLimits(free_gigabytes=1e9))
    assert not finding.ok
    assert str(parts.state_dir) in finding.found


@pytest.mark.parametrize(("free", "ok"), [(999_999_999, False), (1_000_000_000, True)])
def test_the_limit_of_the_disk_is_inclusive(free: int, ok: bool) -> None:
    assert judge_disk(free, "/state", HealthLimits(free_gigabytes=1))[0] is ok


@pytest.mark.parametrize(
    ("skews", "ok"),
    [({}, True), ({"S3": 30.0}, True), ({"S3": -30.1}, False), ({"S3": 0, "x": 31}, False)],
)
def test_the_limit_of_the_clock_is_inclusive(skews: dict[str, float], ok: bool) -> None:
    assert judge_clock(skews, HealthLimits(skew_seconds=30))[0] is ok


def test_only_what_is_needed_stops_a_run() -> None:
    ill = [Finding(health.TEXT_MODEL, False, "gone", 0.1), Finding(health.DISK, True, "", 0.1)]
    assert stops_a_run(ill, health.NIGHTLY_PARTS) is None
    assert stops_a_run(ill, health.PARTS) == "text model: gone"


def test_every_part_has_advice() -> None:
    assert set(health.ADVICE) == set(health.PARTS)
