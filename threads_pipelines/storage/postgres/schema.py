"""Let every transaction find the app's tables in the schema that its address names.

The schema is set at the start of each transaction: a startup parameter is refused by a transaction
pooler such as pgbouncer, and a setting of the session would stay behind for the pooler's next
client.
"""

from typing import TYPE_CHECKING, Any

from psycopg2 import extensions, sql

if TYPE_CHECKING:
    from sqlalchemy import URL

PUBLIC = "public"


def schema_of(address: "URL") -> str | None:
    """The schema of a translated address; None where its own ``options`` set a search path."""
    if "schema" in address.query:
        return str(address.query["schema"])
    return None if "search_path" in str(address.query.get("options", "")) else PUBLIC


def connections_to(schema: str | None) -> type[extensions.connection]:
    """A class of psycopg2 connections whose transactions have ``schema`` as their search path.

    In autocommit there is no transaction: a statement has to name the schema of its table.
    """
    if schema is None:
        return extensions.connection
    command = sql.SQL("SET LOCAL search_path TO {}").format(sql.Identifier(schema))

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

    class ConnectionToSchema(extensions.connection):
        def cursor(self, *args: Any, **named: Any) -> Any:
            named.setdefault("cursor_factory", Cursor)
            return super().cursor(*args, **named)

    def _enter(connection: extensions.connection) -> None:
        idle = connection.info.transaction_status == extensions.TRANSACTION_STATUS_IDLE
        if idle and not connection.autocommit:
            with connection.cursor(cursor_factory=extensions.cursor) as cursor:
                cursor.execute(command)

    return ConnectionToSchema
