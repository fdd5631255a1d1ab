"""What bounds a connection: limits of statements, locks and idle transactions, and of silence."""

from typing import Any, cast

import pytest
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case
from sqlalchemy import make_url

from threads_pipelines.errors import DatabaseError
from threads_pipelines.runner.instance import InstanceStorage
from threads_pipelines.storage.postgres.database import connect, session
from threads_pipelines.storage.postgres.schema import LIMITS


def shown(connection: Connection) -> dict[str, str]:
    found = {}
    for name in LIMITS:
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW {name}")
            ((found[name],),) = cursor.fetchall()
    return found


def with_options(url: str, options: str) -> str:
    address = make_url(url).update_query_dict({"options": options})
    return address.render_as_string(hide_password=False)


def test_every_transaction_has_limits(database_url: str) -> None:
    with session(connect(database_url)) as connection:
        assert shown(connection) == LIMITS
        connection.rollback()
        assert shown(connection) == LIMITS
        connection.commit()
        connection.autocommit = True  # nothing stays for the next client of a pooler
        assert shown(connection) == dict.fromkeys(LIMITS, "0")


def test_limits_hold_where_the_address_sets_its_own_search_path(database_url: str) -> None:
    with session(connect(with_options(database_url, "-csearch_path=x"))) as connection:
        assert shown(connection) == LIMITS


@pytest.mark.parametrize(
    ("options", "statement", "message"),
    [
        ("-c statement_timeout=100", "SELECT pg_sleep(20)", "raise statement_timeout"),
        ("--statement-timeout=100", "SELECT pg_sleep(20)", "raise statement_timeout"),
        ("-clock_timeout=100", "SELECT pg_advisory_xact_lock(7)", "another session holds"),
    ],
)
def test_a_limit_of_the_address_is_kept_and_told_of_in_one_line(
    database_url: str, options: str, statement: str, message: str
) -> None:
    with session(connect(database_url)) as other, other.cursor() as holder:
        holder.execute("SELECT pg_advisory_xact_lock(7)")
        engine = connect(with_options(database_url, options))
        with (
            pytest.raises(DatabaseError, match=message) as raised,
            session(engine) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(statement)
    assert "\n" not in str(raised.value)


def test_dagsters_storage_notices_a_silent_server(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = make_url(database_url).update_query_dict({"keepalives_idle": "20"})
    monkeypatch.setenv("DAGSTER_DATABASE_URL", address.render_as_string(hide_password=False))
    storage = InstanceStorage.from_config_value(None, {})
    for store in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
        engine = cast("Any", store)._engine  # Dagster shows it nowhere
        with engine.connect() as connection:
            given = connection.connection.driver_connection.get_dsn_parameters()
        engine.dispose()
        assert given["tcp_user_timeout"] == "60000"
        assert (given["keepalives_idle"], given["keepalives_count"]) == ("20", "3")
