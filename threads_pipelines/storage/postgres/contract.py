"""The app's tables as the pipeline needs them: created in an empty database, or checked."""

from typing import TYPE_CHECKING

from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.errors import ContractError
from threads_pipelines.storage.postgres.accounts.privileges import missing_privileges
from threads_pipelines.storage.postgres.contract_differences import (
    Difference,
    Fact,
    table_differences,
)
from threads_pipelines.storage.postgres.contract_tables import TABLES
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

# The one column that may be added, with its owner's knowledge; nothing else misses it.
EXPERIMENT_COLUMN = ("user", "experiment_group")


def create_schema(engine: "Engine") -> bool:
    """Create the app's tables, with ``experiment_group``, if the schema has no table.

    A missing schema is created, as Prisma's migrations do. Concurrent calls are safe: the second
    one finds the tables.

    Args:
        engine: The app's database.

    Returns:
        Whether tables were created.
    """
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('threads-pipelines create schema'))")
        if _facts(connection):
            return False
        cursor.execute("SELECT current_schema() IS NULL, current_setting('search_path')")
        ((missing, schema),) = cursor.fetchall()
        if missing:  # one quoted name: the connection's own search path
            closed = missing_privileges(connection, ())
            if closed:
                raise ContractError(f"database {engine.url.database!r}: {closed[0]}")
            cursor.execute(f"CREATE SCHEMA {schema}")
        cursor.execute(statement("schema"))
        cursor.execute(statement("experiment_group"))
        connection.commit()
        return True


def add_experiment_group(engine: "Engine") -> bool:
    """Apply the migration of the experiment, which adds ``experiment_group``.

    Args:
        engine: The app's database.

    Returns:
        False if the column exists.
    """
    if has_experiment_group(engine):
        return False
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("experiment_group"))
        connection.commit()
        return True


def has_experiment_group(engine: "Engine") -> bool:
    """Return whether the column ``"user".experiment_group`` exists.

    Args:
        engine: The app's database.

    Returns:
        Whether it exists.
    """
    with session(engine) as connection:
        return any((fact.table, fact.name) == EXPERIMENT_COLUMN for fact in _facts(connection))


def has_table(engine: "Engine", name: str) -> bool:
    """Return whether the app has a table.

    Args:
        engine: The app's database.
        name: Name of the table.

    Returns:
        Whether it exists.
    """
    with session(engine) as connection:
        return any(fact.table == name for fact in _facts(connection))


def require_contract(engine: "Engine") -> list[Difference]:
    """Check the database against the contract.

    Args:
        engine: The app's database.

    Returns:
        The harmless differences.

    Raises:
        ContractError: A difference would break the pipeline; the message lists all differences.
    """
    differences = check_contract(engine)
    if any(difference.breaks for difference in differences):
        listed = "\n".join(
            f"- {difference}" + ("" if difference.breaks else " (harmless)")
            for difference in differences
        )
        raise ContractError(
            f"database {engine.url.database!r} is not as the pipeline needs it "
            f"(nothing was changed):\n{listed}"
        )
    return differences


def check_contract(engine: "Engine") -> list[Difference]:
    """List the differences between the database and the contract. Additional tables do not count.

    Args:
        engine: The app's database.

    Returns:
        The differences.
    """
    with session(engine) as connection:
        facts = _facts(connection)
        missing = missing_privileges(connection)
        if not facts and missing:  # a schema that the role may not enter: nothing in it can be seen
            return missing
        found = {fact.table for fact in facts}
        differences: list[Difference] = []
        for name, table in TABLES.items():
            if name in found:
                here = [fact for fact in facts if fact.table == name]
                differences += table_differences(name, table, here)
            else:
                differences.append(Difference(name, "the table is missing", name != "account"))
        return differences + missing


def _facts(connection: Connection) -> list[Fact]:
    with connection.cursor() as cursor:
        cursor.execute(statement("read_catalogue"))
        return [Fact(*row) for row in cursor.fetchall()]
