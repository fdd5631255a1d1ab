"""`check` names every privilege that an enabled feature needs: role, table, column, file to run."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, make_url

from tests.cli.command import threads_pipelines
from tests.operations.conftest import settings_of
from tests.storage.app_database import AppDatabase
from threads_pipelines.errors import DatabaseError
from threads_pipelines.health import findings as health
from threads_pipelines.health.probes import run_health_checks
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.postgres.accounts.privileges import (
    Feature,
    missing_privileges,
    require_privileges,
)
from threads_pipelines.storage.postgres.accounts.roles import provide_login
from threads_pipelines.storage.postgres.contract import (
    add_experiment_group,
    check_contract,
    create_schema,
)
from threads_pipelines.storage.postgres.database import connect, session

PASSWORD = "its-password"
ROLE = "checked_role"
EVERY = tuple(Feature)


def address(database: AppDatabase) -> str:
    """The database under the role."""
    url = make_url(database.url).set(username=ROLE, password=PASSWORD)
    return url.render_as_string(hide_password=False)


@contextmanager
def role(database: AppDatabase, *statements: str) -> Iterator[Engine]:
    """A login without any privilege but these."""
    database.rows(f"CREATE ROLE {ROLE} LOGIN PASSWORD '{PASSWORD}'")
    for one in statements:
        database.rows(one)
    engine = connect(address(database))
    yield engine
    engine.dispose()
    database.rows(f"DROP OWNED BY {ROLE}")
    database.rows(f"DROP ROLE {ROLE}")


@pytest.fixture
def nightly(own_database: AppDatabase) -> Iterator[Engine]:
    """A login in the group threads_nightly."""
    provide_login(own_database.engine, ROLE, PASSWORD)
    engine = connect(address(own_database))
    yield engine
    engine.dispose()
    for name in (ROLE, "threads_synthetic", "threads_nightly"):
        own_database.rows(f"DROP OWNED BY {name}; DROP ROLE {name}")


def missing(engine: Engine, *features: Feature) -> list[str]:
    with session(engine) as connection:
        return [str(one) for one in missing_privileges(connection, features or EVERY)]


def remedies(engine: Engine, *features: Feature) -> list[str]:
    """The statements that the messages end with."""
    return [one.rpartition(", or ")[2] for one in missing(engine, *features)]


def test_the_statements_that_are_named_are_enough(own_database: AppDatabase) -> None:
    with role(own_database, f"GRANT USAGE ON SCHEMA public TO {ROLE}") as bare:
        named = remedies(bare)
        assert len(named) == len(set(named)) > 25
        for statement in named:
            own_database.rows(statement)
        assert missing(bare) == []
        require_privileges(bare, *EVERY)


def test_every_revoked_privilege_is_named(own_database: AppDatabase, nightly: Engine) -> None:
    del nightly
    provide_login(own_database.engine, ROLE, PASSWORD, synthetic=True)
    judged = connect(address(own_database))
    assert missing(judged) == []
    with role_without_anything(own_database) as bare:
        all_of_them = remedies(bare)
    for grant in all_of_them:
        groups = "threads_nightly, threads_synthetic"
        if "ON DATABASE" in grant:
            groups += ", PUBLIC"  # a new database lets everybody make temporary tables
        what = grant.removeprefix("GRANT ").rpartition(" TO ")[0]
        # Of the whole table: a lock needs any one column.
        own_database.rows(f"REVOKE {re.sub(r' [(].*[)]', '', what)} FROM {groups}")
        try:
            (said,) = (one for one in missing(judged) if one.endswith(f" {what} TO {ROLE}"))
            assert f'role "{ROLE}" lacks ' in said
            assert "sql/roles.sql as the tables' owner" in said
        finally:
            provide_login(own_database.engine, ROLE, PASSWORD, synthetic=True)
    judged.dispose()


@contextmanager
def role_without_anything(database: AppDatabase) -> Iterator[Engine]:
    """Another login, of no group."""
    database.rows(f"CREATE ROLE {ROLE}_bare LOGIN PASSWORD '{PASSWORD}'")
    database.rows(f"GRANT USAGE ON SCHEMA public TO {ROLE}_bare")
    database.rows(f"REVOKE TEMPORARY ON DATABASE {database.engine.url.database} FROM PUBLIC")
    url = make_url(address(database)).set(username=f"{ROLE}_bare")
    engine = connect(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()
    database.rows(f"DROP OWNED BY {ROLE}_bare")
    database.rows(f"DROP ROLE {ROLE}_bare")


def test_a_schema_that_the_role_may_not_enter(own_database: AppDatabase) -> None:
    own_database.rows("CREATE SCHEMA app")
    owner = connect(f"{own_database.url}?schema=app")
    assert create_schema(owner)
    with role(own_database):
        guest = connect(f"{address(own_database)}?schema=app")
        (difference, *_) = check_contract(guest)
        assert str(difference).startswith(f'"app": role "{ROLE}" lacks USAGE on this schema')
        with pytest.raises(DatabaseError, match="lacks USAGE"):
            create_schema(guest)
        guest.dispose()
    owner.dispose()


def test_a_database_that_the_role_may_not_connect_to(own_database: AppDatabase) -> None:
    own_database.rows(f"REVOKE CONNECT ON DATABASE {own_database.engine.url.database} FROM PUBLIC")
    with role(own_database) as guest, pytest.raises(DatabaseError) as refusal:
        missing(guest)
    assert "sql/roles.sql" in str(refusal.value)
    assert "create the database" not in str(refusal.value)


def check(database: AppDatabase, s3: S3Settings, **changes: Any) -> tuple[bool, str]:
    """What is found of the features, with settings of one's own."""
    given = replace(settings_of(database, s3), database_url_or_none=address(database), **changes)
    (finding,) = run_health_checks(given, [health.FEATURES])
    return finding.ok, finding.found


@pytest.mark.usefixtures("nightly")
def test_the_experiments_migration_is_noticed(
    own_database: AppDatabase, s3_settings: S3Settings
) -> None:
    assert check(own_database, s3_settings)[0]
    own_database.rows('ALTER TABLE "user" DROP experiment_group')
    assert check(own_database, s3_settings)[0]
    ok, said = check(own_database, s3_settings, experiment_share=0.1)
    assert not ok
    assert '"user": column experiment_group is missing' in said
    assert "sql/prisma" in said
    add_experiment_group(own_database.engine)
    environment = {"DATABASE_URL": address(own_database), "S3_ENDPOINT_URL": "http://127.0.0.1:1"}
    done = threads_pipelines("check", "--part", health.FEATURES, environment=environment)
    assert done.returncode == 1
    assert f'"user": role "{ROLE}" lacks UPDATE (experiment_group)' in done.stdout
    assert "sql/roles.sql" in done.stdout
    with pytest.raises(DatabaseError, match="experiment_group"):
        require_privileges(connect(address(own_database)), Feature.EXPERIMENT)
    provide_login(own_database.engine, ROLE, PASSWORD)
    assert check(own_database, s3_settings, experiment_share=0.1)[0]


@pytest.mark.usefixtures("nightly")
def test_what_the_test_accounts_password_and_synthetic_data_need_is_noticed(
    own_database: AppDatabase, s3_settings: S3Settings
) -> None:
    ok, said = check(own_database, s3_settings, test_account_password="a-password")
    assert not ok
    assert f'"account": role "{ROLE}" lacks INSERT' in said
    assert "which THREADS_TEST_ACCOUNT_PASSWORD needs" in said
    ok, said = check(own_database, s3_settings, with_real_accounts=True)
    assert not ok
    assert f'"follow": role "{ROLE}" lacks INSERT' in said
    provide_login(own_database.engine, ROLE, PASSWORD, synthetic=True)
    both = {"with_real_accounts": True, "test_account_password": "a-password"}
    assert check(own_database, s3_settings, **both)[0]
    own_database.rows("DROP TABLE account")
    ok, said = check(own_database, s3_settings, **both)
    assert not ok
    assert '"account": the table is missing' in said


def test_a_feature_that_cannot_work_does_not_stop_the_night() -> None:
    assert health.FEATURES in health.PARTS
    assert health.FEATURES not in health.NIGHTLY_PARTS
