"""From an empty server to the first night, as docs/operations.md says, with processes alone."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg2
import pytest
from sqlalchemy import URL, make_url

from tests.cli.command import threads_pipelines
from tests.deployment.conftest import PEOPLE
from tests.storage.app_database import AppDatabase
from threads_pipelines.project_files import PROJECT_ROOT
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.postgres.contract import add_experiment_group, create_schema
from threads_pipelines.storage.postgres.database import connect
from threads_pipelines.storage.s3.objects import ObjectStore

OWNER, PIPELINE = "app_owner", "pipeline"
OWN, GIVEN = "of-the-owner", "of-the-pipeline"


@dataclass(frozen=True, slots=True)
class Server:
    """A server on which an administrator made the app's owner and database, and nothing else."""

    administrator: str
    app: URL
    variables: dict[str, str]

    def administer(self, *statements: str) -> None:
        """Run statements as the server's administrator."""
        connection = psycopg2.connect(self.administrator)
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()

    def exists(self, role: str) -> bool:
        """Whether the server has this role."""
        connection = psycopg2.connect(self.administrator)
        with connection.cursor() as cursor:
            cursor.execute("SELECT to_regrole(%s) IS NOT NULL", (role,))
            ((found,),) = cursor.fetchall()
        connection.close()
        return bool(found)

    def as_(self, role: str, password: str) -> dict[str, str]:
        """The environment of a command under a role."""
        url = self.app.set(username=role, password=password)
        return {**self.variables, "DATABASE_URL": url.render_as_string(hide_password=False)}


@pytest.fixture
def server(postgres_server: str, s3_settings: S3Settings) -> Iterator[Server]:
    app = make_url(postgres_server).set(database="production")
    variables = {
        "THREADS_ROLE_PASSWORD": GIVEN,
        "S3_ENDPOINT_URL": str(s3_settings.endpoint_url),
        "S3_BUCKET": f"{s3_settings.bucket}-production",
        "AWS_ACCESS_KEY_ID": str(s3_settings.access_key_id),
        "AWS_SECRET_ACCESS_KEY": str(s3_settings.secret_access_key),
        "OLLAMA_HOST": "http://127.0.0.1:1",
    }
    made = Server(postgres_server, app, variables)
    made.administer(
        f"CREATE ROLE {OWNER} LOGIN PASSWORD '{OWN}'",
        f"CREATE DATABASE production OWNER {OWNER}",
    )
    yield made
    made.administer(
        "DROP DATABASE IF EXISTS production_dagster WITH (FORCE)",
        "DROP DATABASE production WITH (FORCE)",
    )
    for role in (PIPELINE, "threads_synthetic", "threads_nightly", OWNER):
        if made.exists(role):
            made.administer(f"DROP OWNED BY {role}", f"DROP ROLE {role}")


@pytest.fixture
def app(server: Server) -> Iterator[AppDatabase]:
    """The app's tables as its own migrations make them: no column for the experiment."""
    url = make_url(server.as_(OWNER, OWN)["DATABASE_URL"]).set(drivername="postgresql+psycopg2")
    engine = connect(url.render_as_string(hide_password=False))
    create_schema(engine)
    made = AppDatabase(engine, url.render_as_string(hide_password=False))
    made.rows('ALTER TABLE "user" DROP experiment_group')
    made.rows(PEOPLE)
    yield made
    engine.dispose()


def listed(said: str) -> list[str]:
    """The statements for an administrator in an error, with the password filled in."""
    return [
        line.strip().replace("(that of THREADS_ROLE_PASSWORD)", GIVEN)
        for line in said.splitlines()
        if line.startswith("  ")
    ]


def test_from_an_empty_server_to_the_first_night(server: Server, app: AppDatabase) -> None:
    owner, pipeline = server.as_(OWNER, OWN), server.as_(PIPELINE, GIVEN)

    refused = threads_pipelines("setup", "--role", PIPELINE, environment=owner)
    assert refused.returncode == 1
    assert "Ready" not in refused.stdout
    assert "nothing was done" in refused.stderr
    assert not server.exists("threads_nightly")
    statements = listed(refused.stderr)
    assert 'CREATE DATABASE "production_dagster" OWNER "app_owner";' in statements
    server.administer(*statements)

    for _ in range(2):  # again after an update, without any right of an administrator
        ready = threads_pipelines("setup", "--role", PIPELINE, environment=owner)
        assert (ready.returncode, ready.stdout.splitlines()[-1]) == (0, "Ready."), ready.stderr

    parts = ["database", "enabled features", "object storage", "Dagster's storage", "disk", "clock"]
    named = [word for part in parts for word in ("--part", part)]
    checked = threads_pipelines("check", *named, environment=pipeline)
    assert checked.returncode == 0, checked.stdout
    night = threads_pipelines("launch", "nightly_recommendations", environment=pipeline)
    assert night.returncode == 0, night.stdout + night.stderr
    assert night.stderr == ""
    assert app.rows("SELECT count(DISTINCT user_id) FROM user_recommendation") == [(40,)]

    add_experiment_group(app.engine)  # as its migration does
    lacking = threads_pipelines("check", "--part", "enabled features", environment=pipeline)
    assert lacking.returncode == 1
    assert f'"user": role "{PIPELINE}" lacks UPDATE (experiment_group)' in lacking.stdout
    assert threads_pipelines("setup", "--role", PIPELINE, environment=owner).returncode == 0
    checked = threads_pipelines("check", "--part", "enabled features", environment=pipeline)
    assert checked.returncode == 0, checked.stdout
    empty_bucket(server)


def test_setup_is_not_ready_without_dagsters_database(server: Server, app: AppDatabase) -> None:
    del app
    done = threads_pipelines("setup", environment=server.as_(OWNER, OWN))
    assert done.returncode == 1
    assert "Ready" not in done.stdout
    assert 'CREATE DATABASE "production_dagster" OWNER "app_owner"' in done.stderr
    empty_bucket(server)


def test_an_owner_who_may_create_everything_needs_no_administrator(
    server: Server, app: AppDatabase
) -> None:
    del app
    server.administer(f"ALTER ROLE {OWNER} CREATEROLE CREATEDB")
    owner = server.as_(OWNER, OWN)
    for _ in range(2):
        done = threads_pipelines("setup", "--role", PIPELINE, environment=owner)
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "Ready."), done.stderr
    empty_bucket(server)


def test_somebody_who_does_not_own_the_tables_is_refused(server: Server, app: AppDatabase) -> None:
    del app
    server.administer(f"CREATE ROLE {PIPELINE} LOGIN PASSWORD '{GIVEN}' CREATEROLE CREATEDB")
    done = threads_pipelines("setup", "--role", "other", environment=server.as_(PIPELINE, GIVEN))
    assert done.returncode == 1
    assert 'does not own the tables, and nothing was done: let DATABASE_URL name "app_owner"' in (
        done.stderr
    )


def test_the_guide_names_what_the_test_does() -> None:
    guide = (PROJECT_ROOT / "docs" / "operations.md").read_text()
    section = guide.partition("### The app's own database")[2]
    for command in ("setup --role pipeline", "check", "launch nightly_recommendations"):
        assert f"threads-pipelines {command}" in section
    assert re.search(r"CREATE DATABASE \w+_dagster OWNER", section)


def empty_bucket(server: Server) -> None:
    """Remove the bucket that `setup` made."""
    store = ObjectStore(
        S3Settings(
            endpoint_url=server.variables["S3_ENDPOINT_URL"],
            bucket=server.variables["S3_BUCKET"],
            access_key_id=server.variables["AWS_ACCESS_KEY_ID"],
            secret_access_key=server.variables["AWS_SECRET_ACCESS_KEY"],
        )
    )
    for item in list(store.listing("")):
        store.delete(item.key)
