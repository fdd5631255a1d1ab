"""Real servers for the tests, in a state folder of their own that is gone when the tests end."""

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import boto3
import psutil
import psycopg2
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.environment import state_folder
from threads_pipelines.project_files import PROJECT_ROOT
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.postgres.contract import create_schema
from threads_pipelines.storage.postgres.database import connect

# Hypothesis keeps its examples in the state folder like everything else.
set_hypothesis_home_dir(state_folder() / "cache" / "hypothesis")
# No example fails because the machine is busy, and every run tries the same ones.
hypothesis_settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("steady")
# pytest's own temporary folders, too, and whatever a program asks the system a place for.
_TEMPORARY = state_folder() / "cache" / "temporary"
_TEMPORARY.mkdir(parents=True, exist_ok=True)
os.environ["PYTEST_DEBUG_TEMPROOT"] = str(_TEMPORARY)
# Read now: the tests themselves see nothing of the user's environment.
_NONE_MAY_SKIP = "THREADS_REQUIRE_ALL_TESTS" in os.environ
_FOLDER = Path(os.environ.get("THREADS_STATE_DIR") or PROJECT_ROOT / ".state") / "tests"
_USERS_OWN = ("AWS_", "DAGSTER_", "OLLAMA_", "PG", "S3_", "THREADS_")
_UNSAFE_BUT_FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
_names = count(1)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Where every test is required (``.ci/run``), a skipped one is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if _NONE_MAY_SKIP and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def state_dir() -> Iterator[Path]:
    """The tests' own state folder; nothing of the user's environment reaches a test."""
    _remove_leftovers()
    folder = _FOLDER.absolute() / str(os.getpid())
    folder.mkdir(parents=True)
    with pytest.MonkeyPatch.context() as patch:
        for variable in list(os.environ):
            if variable in settings.STACK_VARIABLES or variable.startswith(_USERS_OWN):
                patch.delenv(variable)
        patch.setenv("THREADS_STATE_DIR", str(folder))
        yield folder
    Stack(folder).stop()
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres_server(state_dir: Path) -> str:
    """An embedded PostgreSQL; the address of its maintenance database as libpq takes it."""
    stack = Stack(state_dir, ("postgres",), postgres_options=_UNSAFE_BUT_FAST)
    return stack.start()["DAGSTER_DATABASE_URL"].replace("/dagster", "/postgres")


@pytest.fixture
def database_url(postgres_server: str) -> Iterator[str]:
    """A new, empty database, as a SQLAlchemy address (psycopg2)."""
    name = f"test_{next(_names)}"
    _execute(postgres_server, f"CREATE DATABASE {name} TEMPLATE template0")
    yield sqlalchemy_url(postgres_server.replace("/postgres", f"/{name}"))
    _execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _shared_database(postgres_server: str) -> Iterator[AppDatabase]:
    _execute(postgres_server, "CREATE DATABASE app_tests TEMPLATE template0")
    url = sqlalchemy_url(postgres_server.replace("/postgres", "/app_tests"))
    engine = connect(url)
    assert create_schema(engine)
    yield AppDatabase(engine, url)
    engine.dispose()


@pytest.fixture
def app_database(_shared_database: AppDatabase) -> AppDatabase:
    """A database with the app's schema and no rows; the schema is shared: do not alter it."""
    _shared_database.rows('TRUNCATE "user" CASCADE')
    return _shared_database


@pytest.fixture
def own_database(database_url: str) -> Iterator[AppDatabase]:
    """A database with the app's schema that a test may alter."""
    engine = connect(database_url)
    assert create_schema(engine)
    yield AppDatabase(engine, database_url)
    engine.dispose()


@pytest.fixture(scope="session")
def s3_server(state_dir: Path) -> dict[str, str]:
    """An embedded S3 server: its S3_ENDPOINT_URL, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."""
    return Stack(state_dir, ("seaweedfs",)).start()


@pytest.fixture
def s3_settings(s3_server: dict[str, str]) -> Iterator[S3Settings]:
    """A new, empty bucket on the embedded S3 server.

    Removed with all that is in it, as each takes volumes and a small disk has room for a few dozen.
    """
    given = S3Settings(
        endpoint_url=s3_server["S3_ENDPOINT_URL"],
        bucket=f"test-{next(_names)}",
        access_key_id=s3_server["AWS_ACCESS_KEY_ID"],
        secret_access_key=s3_server["AWS_SECRET_ACCESS_KEY"],
    )
    client = boto3.client(
        "s3",
        endpoint_url=given.endpoint_url,
        aws_access_key_id=given.access_key_id,
        aws_secret_access_key=given.secret_access_key,
        region_name=given.region,
    )
    client.create_bucket(Bucket=given.bucket)
    yield given
    client.delete_bucket(Bucket=given.bucket)
    client.close()


@pytest.fixture(scope="session")
def gemma_server(state_dir: Path) -> dict[str, str]:
    """The embedded Gemma: its OLLAMA_HOST and OLLAMA_MODEL. It takes seconds: use it sparingly."""
    return Stack(state_dir, ("gemma",)).start()


def _execute(address: str, statement: str) -> None:
    connection = psycopg2.connect(address)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement)
    connection.close()


def _remove_leftovers() -> None:
    """Stop and remove what a killed test run left."""
    for folder in _FOLDER.absolute().glob("*"):
        if folder.name.isdigit() and not psutil.pid_exists(int(folder.name)):
            with suppress(FileNotFoundError):  # another test run removes it at the same time
                Stack(folder).stop()
            shutil.rmtree(folder, ignore_errors=True)
