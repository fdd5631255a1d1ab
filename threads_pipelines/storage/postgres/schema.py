"""Sets the search path and time limits at the start of each transaction.

A transaction pooler such as pgbouncer refuses startup parameters, and a setting of the session
would remain for the pooler's next client.
"""

import re
from typing import TYPE_CHECKING, Any

from psycopg2 import extensions, sql

if TYPE_CHECKING:
    from sqlalchemy import URL

PUBLIC = "public"
# They end what hangs, and nothing that works. The longest statement, the COPY of ten million
# interactions, takes minutes; between two statements of a transaction ten million rows are encoded
# or a workbook is written, also minutes; a migration of the app holds its locks for less than ten
# minutes, or the run is better done after it. Publishing sets shorter ones for its own locks.
LIMITS = {
    "statement_timeout": "2h",
    "idle_in_transaction_session_timeout": "1h",
    "lock_timeout": "10min",
}


def schema_of(address: "URL") -> str | None:
    """Return the schema of a translated address.

    Args:
        address: The address.

    Returns:
        Name of the schema; None if the address's own ``options`` set a search path.
    """
    if "schema" in address.query:
        return str(address.query["schema"])
    return None if "search_path" in str(address.query.get("options", "")) else PUBLIC


def connections_to(address: "URL") -> type[extensions.connection]:
    """Make a class of psycopg2 connections whose transactions have a search path and ``LIMITS``.

    In autocommit there is no transaction: a statement must name the schema of its table, and the
    server's own limits apply.

    Args:
        address: A translated address; a limit or search path in its ``options`` is kept.

    Returns:
        The class.
    """
    schema, given = schema_of(address), str(address.query.get("options", ""))
    settings = [
        sql.SQL("SET LOCAL {} TO {}").format(sql.Identifier(name), sql.Literal(value))
        for name, value in LIMITS.items()
        if not re.search(rf"(-c\s*|--){name.replace('_', '[-_]')}\s*=", given)
    ]
    if schema is not None:
        path = sql.Identifier(schema)
        settings.append(sql.SQL("SET LOCAL search_path TO {}").format(path))
    if not settings:
        return extensions.connection
    command = sql.SQL("; ").join(settings)

    class Cursor(extensions.cursor):
        def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 - psycopg2's name
            _enter(self.connection)
            super().execute(query, vars)

        def executemany(self, query: Any, vars_list: Any) -> None:
            _enter(self.connection)
            super().executemany(query, vars_list)

        def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> None:
            _enter(self.connection)
            super().copy_expert(sql, file, size)

    class BoundConnection(extensions.connection):
        def cursor(self, *args: Any, **named: Any) -> Any:
            named.setdefault("cursor_factory", Cursor)
            return super().cursor(*args, **named)

    def _enter(connection: extensions.connection) -> None:
        idle = connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
        if idle and not connection.autocommit:
            with connection.cursor(cursor_factory=extensions.cursor) as cursor:
                cursor.execute(command)

    return BoundConnection
