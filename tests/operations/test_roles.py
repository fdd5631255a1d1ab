"""The pipeline runs under the roles of sql/roles.sql, and they can do nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine, make_url

from tests.storage.app_database import AppDatabase
from threads_pipelines.dataset import identity
from threads_pipelines.errors import DatabaseError
from threads_pipelines.storage.postgres.accounts.remove import remove_synthetic
from threads_pipelines.storage.postgres.accounts.roles import provide_database, provide_login
from threads_pipelines.storage.postgres.bulk import copy_rows
from threads_pipelines.storage.postgres.contract import require_contract
from threads_pipelines.storage.postgres.database import connect, naive_utc, session
from threads_pipelines.storage.postgres.publishing.publish import publish
from threads_pipelines.storage.postgres.reading.snapshot import read_snapshot
from threads_pipelines.storage.postgres.sql import statement

PASSWORD = "o'brien\\ \"%s"  # every character that quoting could trip over
NOW = naive_utc(1_795_399_200)
TABLES = ("user", "account", "post", "like", "comment", "follow", "user_interaction")
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


@dataclass(frozen=True, slots=True)
class Roles:
    """The app's database, and the same under each of the two roles."""

    owner: AppDatabase
    nightly: Engine
    synthetic: Engine


@pytest.fixture
def roles(own_database: AppDatabase) -> Iterator[Roles]:
    own_database.users("ann", "bob")
    own_database.posts("ann", "p1", "p2")
    engines = {}
    for name, synthetic in (("night_worker", False), ("maker", True)):
        provide_login(own_database.engine, name, PASSWORD, synthetic=synthetic)
        address = make_url(own_database.url).set(username=name, password=PASSWORD)
        engines[name] = connect(address.render_as_string(hide_password=False))
    yield Roles(own_database, engines["night_worker"], engines["maker"])
    for name in engines:
        own_database.rows(f"DROP OWNED BY {name}")
    for name in (*engines, "threads_synthetic", "threads_nightly"):
        own_database.rows(f"DROP OWNED BY {name}; DROP ROLE {name}")


def refused(engine: Engine, statement: str) -> bool:
    try:
        with session(engine) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        # 42501 insufficient_privilege; a foreign server or the like is not what we ask about.
        return "42501" in str(error)
    return False


def granted(engine: Engine, table: str) -> set[str]:
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT p FROM unnest(%s) AS p WHERE has_table_privilege(quote_ident(%s), p)",
            (list(PRIVILEGES), table),
        )
        return {privilege for (privilege,) in cursor.fetchall()}


def updatable(engine: Engine, table: str) -> set[str]:
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = quote_ident(%s)::regclass AND "
            "attnum > 0 AND has_column_privilege(attrelid, attnum, 'UPDATE')",
            (table,),
        )
        return {column for (column,) in cursor.fetchall()}


def test_the_night_reads_and_publishes_under_the_nightly_role(roles: Roles) -> None:
    assert require_contract(roles.nightly) == []
    snapshot, _ = read_snapshot(roles.nightly, 1_795_399_200, timedelta(days=30))
    assert list(snapshot.users.ids) == ["ann", "bob"]
    rows = pa.table({"user_id": ["bob", "bob"], "post_id": ["p1", "p2"], "score": [0.9, 0.4]})
    for shift in (0, 1):  # the second replaces the first: UPDATE and DELETE are needed too
        report = publish(
            roles.nightly,
            [rows.slice(0, 2 - shift)],
            generated_at=NOW + timedelta(hours=shift),
            expires_at=NOW + timedelta(days=2),
            now=NOW + timedelta(hours=shift),
            run_id="test",
        )
    assert (report.updated, report.deleted) == (1, 1)
    assert report.vacuumed, report.notice


def test_synthetic_accounts_are_made_and_removed_under_the_synthetic_role(roles: Roles) -> None:
    ids = [identity.user_id("test", index) for index in range(2)]
    made = {
        "id": np.array(ids),
        "email": np.array([identity.user_email("test", index) for index in range(2)]),
        "username": np.array(["one", "two"]),
        "updated_at": np.array(["2026-11-23T02:00:00"] * 2),
    }
    for expected in (2, 0):
        assert copy_rows(roles.synthetic, "user", made) == expected
    login = {"user_id": ids[0], "hash": "a hash", "now": NOW}
    for _ in range(2):
        with session(roles.synthetic) as connection, connection.cursor() as cursor:
            cursor.execute(statement("set_login"), login)
            connection.commit()
    removed = remove_synthetic(roles.synthetic)
    assert (removed["user"], removed["account"]) == (2, 1)
    assert roles.owner.rows('SELECT count(*) FROM "user"') == [(2,)]


def test_the_roles_have_exactly_these_privileges(roles: Roles) -> None:
    app = set(TABLES) - {"account"}
    assert {table: granted(roles.nightly, table) for table in TABLES} == {
        **{table: {"SELECT"} for table in app},
        "account": set(),
    }
    assert {table: granted(roles.synthetic, table) for table in TABLES} == {
        **{table: {"SELECT", "INSERT", "DELETE"} for table in app},
        "account": {"INSERT", "DELETE"},
    }
    assert updatable(roles.nightly, "account") == set()
    assert updatable(roles.synthetic, "account") == {"refresh_token", "updated_at"}
    for engine in (roles.nightly, roles.synthetic):
        written = {"SELECT", "INSERT", "UPDATE", "DELETE"}
        assert granted(engine, "user_recommendation") == written
        assert updatable(engine, "user") == {"updated_at", "experiment_group"}
        assert updatable(engine, "post") == {"updated_at"}
        for table in ("like", "comment", "follow", "user_interaction"):
            assert updatable(engine, table) == set()


FORBIDDEN = [
    "SELECT refresh_token FROM account",
    """UPDATE "user" SET email = 'x'""",
    """UPDATE "user" SET username = 'x'""",
    "UPDATE post SET content = 'x'",
    "TRUNCATE user_recommendation",
    "ALTER TABLE user_recommendation ADD COLUMN x int",
    "DROP TABLE user_recommendation",
    "DROP INDEX user_recommendation_expires_at_idx",
    "CREATE TABLE mine (x int)",
    "CREATE INDEX ON user_recommendation (score)",
    "CREATE ROLE another",
    "COPY user_recommendation TO PROGRAM 'cat'",
    "SELECT pg_read_file('/etc/passwd')",
]
FORBIDDEN_AT_NIGHT = [
    statement
    for table in ("user", "post", "like", "comment", "user_interaction")
    for statement in (f'DELETE FROM "{table}"', f'INSERT INTO "{table}" (id) VALUES (1)')
]


def test_neither_role_can_do_more(roles: Roles) -> None:
    for engine in (roles.nightly, roles.synthetic):
        assert [statement for statement in FORBIDDEN if not refused(engine, statement)] == []
    allowed = [one for one in FORBIDDEN_AT_NIGHT if not refused(roles.nightly, one)]
    assert allowed == []


def test_the_login_is_brought_up_to_date(roles: Roles) -> None:
    provide_login(roles.owner.engine, "maker", PASSWORD, synthetic=False)
    assert "INSERT" not in granted(roles.synthetic, "user")
    provide_login(roles.owner.engine, "night_worker", "another")
    with pytest.raises(DatabaseError, match="password") as refusal, session(roles.nightly):
        pass
    assert PASSWORD not in str(refusal.value)


def test_dagsters_database_belongs_to_the_role(roles: Roles) -> None:
    name = f"{make_url(roles.owner.url).database}_dagster"
    for _ in range(2):
        provide_database(roles.owner.engine, name, "maker")
    its_own = connect(
        make_url(roles.owner.url)
        .set(username="maker", password=PASSWORD, database=name)
        .render_as_string(hide_password=False)
    )
    with session(its_own) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE runs (id int)")
        connection.commit()
    with session(roles.owner.engine, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name}")
