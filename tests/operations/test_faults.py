"""Every row of the fault table in docs/operations.md: what is seen, and the exit code."""

import re
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

import dagster as dg
import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from tests.operations.build import store_version
from tests.operations.killed_step import killed
from tests.storage.app_database import AppDatabase
from threads_pipelines.cli.main import cli
from threads_pipelines.defs.ops import publish_version
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.health import findings as health
from threads_pipelines.health import probes as looking
from threads_pipelines.project_files import PROJECT_ROOT
from threads_pipelines.runner import launch
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.postgres.publishing.publish import PublishReport, publish
from threads_pipelines.storage.s3.objects import ObjectStore

PLANTED = "planted-secret"
NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
DAY = f"{NOW:%Y-%m-%d}"
KILLED = dg.reconstructable(killed)
TABLE = (PROJECT_ROOT / "docs" / "operations.md").read_text().partition("## Faults")[2]
ROWS = {
    fault: (seen, int(code))
    for fault, seen, code in re.findall(r"^\| ([^|`]+) \| `([^`]+)` \| (\d) \|", TABLE, re.M)
}


class World(NamedTuple):
    """The real parts, and the environment that names them."""

    database: AppDatabase
    s3: S3Settings
    environment: pytest.MonkeyPatch
    output: pytest.CaptureFixture[str]


@pytest.fixture
def world(
    app_database: AppDatabase,
    s3_settings: S3Settings,
    environment: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    capfd: pytest.CaptureFixture[str],
) -> World:
    environment.setattr(dg.DagsterInstance, "get", lambda: nullcontext(instance))
    return World(app_database, s3_settings, environment, capfd)


def check(part: str) -> tuple[str, int]:
    """Output and exit code of the command that an operator types."""
    result = CliRunner().invoke(cli, ["check", "--part", part])
    return result.output, result.exit_code


def database_down(world: World) -> tuple[str, int]:
    address = make_url(world.database.url).set(port=1)
    world.environment.setenv("DATABASE_URL", address.render_as_string(hide_password=False))
    return check(health.DATABASE)


def wrong_password(world: World) -> tuple[str, int]:
    address = make_url(world.database.url).set(password=PLANTED)
    world.environment.setenv("DATABASE_URL", address.render_as_string(hide_password=False))
    return check(health.DATABASE)


def s3_down(world: World) -> tuple[str, int]:
    world.environment.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:1")
    return check(health.OBJECT_STORAGE)


def bucket_missing(world: World) -> tuple[str, int]:
    world.environment.setenv("S3_BUCKET", "no-such-bucket")
    return check(health.OBJECT_STORAGE)


def wrong_key(world: World) -> tuple[str, int]:
    world.environment.setenv("AWS_SECRET_ACCESS_KEY", PLANTED)
    return check(health.OBJECT_STORAGE)


def model_missing(world: World) -> tuple[str, int]:
    del world  # nothing listens at its OLLAMA_HOST
    return check(health.TEXT_MODEL)


def disk_full(world: World) -> tuple[str, int]:
    world.environment.setattr(looking, "HealthLimits", lambda: health.HealthLimits(1e9))
    return check(health.DISK)


def clock_wrong(world: World) -> tuple[str, int]:
    class AnHourSlow(datetime):
        """Stand for a machine whose clock is an hour behind."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "AnHourSlow":
            return super().now(tz) - timedelta(hours=1)

    world.environment.setattr(looking, "datetime", AnHourSlow)
    result = CliRunner().invoke(cli, ["check", "--part", "database", "--part", "clock"])
    return result.output, result.exit_code


def run(world: World, job: str) -> tuple[str, int]:
    """Output and exit code of `threads-pipelines launch`, whose Dagster runs in this process."""
    code = launch.main([job])
    return "".join(world.output.readouterr()), code


def database_down_midway(world: World) -> tuple[str, int]:
    """Every connection is cut between two shards of a publish."""
    world.database.users("ann", "bob", "eve")
    world.database.posts("eve", "p1")
    rows = [("ann", "p1", 0.5), ("bob", "p1", 0.5)]
    store_version(ObjectStorage().artefacts(), DAY, "v1", NOW, rows)

    def cut(_line: str) -> None:
        others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
        world.database.rows(
            f"{others} WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def publish_and_be_cut(*given: Any, **named: Any) -> PublishReport:
        return publish(*given, **{**named, "progress": cut, "shard_rows": 1})

    world.environment.setattr(publish_version, "publish", publish_and_be_cut)
    return run(world, "dry_run")


def seed_file_bad(world: World) -> tuple[str, int]:
    ObjectStore(world.s3).put("seeds/seed_posts.json", b'[{"id": "one"}]')
    return run(world, "generate_synthetic_data")


FAULTS: dict[str, Callable[[World], tuple[str, int]]] = {
    "database down at the start": database_down,
    "database down midway": database_down_midway,
    "wrong password": wrong_password,
    "S3 down": s3_down,
    "bucket missing": bucket_missing,
    "wrong key": wrong_key,
    "model missing": model_missing,
    "disk full": disk_full,
    "clock wrong": clock_wrong,
    "seed file bad": seed_file_bad,
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen_as_the_table_says(world: World, fault: str) -> None:
    output, code = FAULTS[fault](world)
    seen, expected = ROWS[fault]
    assert seen in output
    assert code == expected
    assert PLANTED not in output
    assert "Traceback" not in output


def test_a_broken_contract_is_seen_as_the_table_says(
    own_database: AppDatabase, environment: pytest.MonkeyPatch
) -> None:
    own_database.rows("DROP TABLE user_recommendation")
    environment.setenv("DATABASE_URL", own_database.url)
    output, code = check(health.DATABASE)
    seen, expected = ROWS["contract broken"]
    assert seen in output
    assert "user_recommendation" in output
    assert code == expected


def test_a_step_without_memory_is_seen_as_the_table_says(world: World) -> None:
    world.environment.setattr(dg, "build_reconstructable_job", lambda *_, **__: KILLED)
    output, code = run(world, "services_check")
    seen, expected = ROWS["out of memory in a step"]
    assert seen in output
    assert code == expected


def test_every_row_of_the_table_is_tested() -> None:
    alone = {"contract broken", "out of memory in a step"}
    assert set(ROWS) == set(FAULTS) | alone
    assert len(ROWS) == 12
