"""Connections to the app's database, and messages for their failures.

Every connection uses naive UTC. Prisma reads ``TIMESTAMP(3)`` as UTC, so a session in local time
would shift the times that it writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.errors import ContractError, DatabaseError
from threads_pipelines.storage.postgres.schema import connections_to

if TYPE_CHECKING:
    from sqlalchemy import Engine

APPLICATION = "threads-pipelines"
# A server that falls silent ends the connection within about a minute.
_SILENCE = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    # What was sent and is not acknowledged for a minute ends the connection (Linux).
    "tcp_user_timeout": 60_000,
}
# What libpq says (its texts have no code), and what to do about it.
_CONNECTING = {
    "password authentication failed": "the user or password in DATABASE_URL is wrong",
    "no password supplied": "DATABASE_URL has no password and the server wants one",
    'role "': "the user in DATABASE_URL does not exist on the server",
    "permission denied for database": "let its owner run sql/roles.sql, which grants CONNECT",
    'database "': "create the database, or correct its name in DATABASE_URL",
    "no pg_hba.conf entry": "the server does not let this machine in: see its pg_hba.conf",
    "connection refused": "nothing listens there: start the server, or correct DATABASE_URL",
    "could not translate host name": "the host in DATABASE_URL is not known",
    "timeout expired": "the server does not answer: is a firewall between?",
    "too many clients": "the server has no free connection: raise max_connections or wait",
    "the database system is": "the server is starting or stopping: try again in a moment",
    "does not match host name": "its certificate is another host's: correct DATABASE_URL's host",
    "ssl": "the TLS settings of DATABASE_URL (sslmode, sslrootcert) do not suit the server",
    "server closed the connection": "the server went away: see its log, then run again",
}
_WORKING = {
    "42501": "grant the role of DATABASE_URL what the message names",
    "53100": "the server's disk is full: free some space, then run again",
    "53200": "the server ran out of memory",
    "55P03": "another session holds the lock: run again when it is done",
    "57014": "see what slows the server, or raise statement_timeout in DATABASE_URL's options",
    "25P03": "the step was stopped for too long: run again",
    "57P01": "the server was stopped: start it, then run again",
    "57P02": "the server crashed: see its log, then run again",
}


def connect(url: str) -> "Engine":
    """Make an engine; it connects on first use.

    A connection is opened for each use and closed after it. A nightly run needs no pool, and no
    temporary table or lock is left for the next user.

    Args:
        url: An address such as ``Settings.database_url``.

    Returns:
        The engine.
    """
    from sqlalchemy import create_engine, event, make_url
    from sqlalchemy.pool import NullPool

    address = make_url(url)
    wanted = {**_SILENCE, "application_name": APPLICATION}
    options = {key: value for key, value in wanted.items() if key not in address.query}
    engine = create_engine(
        address.difference_update_query(["schema"]),
        poolclass=NullPool,
        pool_reset_on_return=None,  # closing rolls back; a dead connection could only fail to
        connect_args={**options, "connection_factory": connections_to(address)},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _speak_utc)
    return engine


def with_silence_bounds(url: str) -> str:
    """Add parameters that end a connection within two minutes if the server does not answer.

    This is for libraries that open their own connections.

    Args:
        url: The address; parameters that it sets are kept.

    Returns:
        The address.
    """
    from sqlalchemy import make_url

    address = make_url(url)
    added = {key: str(value) for key, value in _SILENCE.items() if key not in address.query}
    return address.update_query_dict(added).render_as_string(hide_password=False)


def _speak_utc(connection: Connection, _record: object) -> None:
    connection.autocommit = True  # a SET inside a transaction would be undone by its rollback
    with connection.cursor() as cursor:
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.autocommit = False


@contextmanager
def session(engine: "Engine", *, autocommit: bool = False) -> Iterator[Connection]:
    """Open a psycopg2 connection; at the end, roll back what was not committed and close it.

    Args:
        engine: The database.
        autocommit: Commit each statement on its own.

    Yields:
        The connection.

    Raises:
        ContractError: A table or column does not exist.
        DatabaseError: Any other error of psycopg2. The message has no secret.
    """
    with translated_errors(engine):
        pooled = engine.raw_connection()
        try:
            connection: Any = pooled.driver_connection
            connection.autocommit = autocommit
            yield connection
        finally:
            pooled.close()


@contextmanager
def translated_errors(engine: "Engine") -> Iterator[None]:
    """Turn errors of psycopg2 and SQLAlchemy into DatabaseError.

    Args:
        engine: The database, for the message.

    Raises:
        DatabaseError: The block raised such an error.
    """
    from sqlalchemy.exc import DBAPIError

    try:
        yield
    except DBAPIError as error:
        raise database_error(engine, error.orig or error) from error
    except psycopg2.Error as error:
        raise database_error(engine, error) from error


def database_error(engine: "Engine", error: BaseException) -> DatabaseError:
    """Turn a failure into an error that says what happened, where, and what to do.

    Args:
        engine: The database.
        error: The exception of the driver.

    Returns:
        The error to raise.
    """
    where = f"database {engine.url.database!r} on {_host(engine)}"
    code = getattr(error, "pgcode", None)
    said = getattr(getattr(error, "diag", None), "message_primary", None) or str(error).strip()
    if code in {"42P01", "42703", "3F000"}:
        return ContractError(f"{where}: {said}. The app's tables are not there as expected")
    if code is not None:
        hint = _WORKING.get(code, "")
        return DatabaseError(f"{where}: {said} (SQLSTATE {code})" + (f"; {hint}" if hint else ""))
    first = said.splitlines()[0] if said else type(error).__name__
    lower = said.lower()
    hint = next((hint for text, hint in _CONNECTING.items() if text in lower), "")
    return DatabaseError(f"{where}: {first}" + (f"; {hint}" if hint else ""))


def _host(engine: "Engine") -> str:
    """Return the server's name; several hosts and sockets are in the query of the address."""
    host = engine.url.host or engine.url.query.get("host") or "the local socket"
    port = engine.url.port or engine.url.query.get("port")
    return f"{host}:{port or 5432}" if not str(host).startswith(("/", "the ")) else str(host)


def naive_utc(epoch_seconds: int) -> datetime:
    """Convert epoch seconds to the naive UTC of ``TIMESTAMP(3)`` columns.

    Args:
        epoch_seconds: Seconds since 1970.

    Returns:
        The time without a time zone.
    """
    return datetime.fromtimestamp(epoch_seconds, UTC).replace(tzinfo=None)
