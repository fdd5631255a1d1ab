"""The identity of a database, which tells it from every other one."""

from ipaddress import ip_address
from typing import TYPE_CHECKING

import psycopg2
from psycopg2.errorcodes import INSUFFICIENT_PRIVILEGE, UNDEFINED_FUNCTION

from threads_pipelines.dataset.version_facts import DatabaseIdentity
from threads_pipelines.storage.postgres.database import session

if TYPE_CHECKING:
    from sqlalchemy import Engine

_NOT_TOLD = {INSUFFICIENT_PRIVILEGE, UNDEFINED_FUNCTION}
THIS_MACHINE = "this machine"


def read_identity(engine: "Engine") -> DatabaseIdentity:
    """Read the identity of the database that an engine connects to.

    The server is identified by the system identifier that ``initdb`` gave it. If a managed server
    does not reveal it, the address in DATABASE_URL identifies the server.

    Args:
        engine: The database.

    Returns:
        The identity.

    Raises:
        DatabaseError: The database fails.
    """
    address = _address(engine)
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_database(), current_schema()")
        ((database, schema),) = cursor.fetchall()
        try:
            cursor.execute("SELECT system_identifier::text FROM pg_control_system()")
            ((server,),) = cursor.fetchall()
        except psycopg2.Error as error:
            if error.pgcode not in _NOT_TOLD:
                raise
            connection.rollback()
            server = f"address {address}"
    return DatabaseIdentity(server, database, schema or "", address)


def _address(engine: "Engine") -> str:
    host = str(engine.url.host or engine.url.query.get("host") or "")
    if not host or host.startswith("/") or _is_loopback(host):
        return THIS_MACHINE
    return f"{host}:{engine.url.port or 5432}"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
