"""What the role of the connection may do, compared with what each feature needs of it."""

from collections.abc import Collection
from enum import StrEnum
from typing import TYPE_CHECKING

from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.errors import DatabaseError
from threads_pipelines.project_files import SQL_DIR
from threads_pipelines.storage.postgres.contract_differences import Difference
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Feature(StrEnum):
    """A part of the pipeline with needs of its own (``sql/read_missing_privileges.sql``).

    The refresh, reports and exports need what the night needs.
    """

    NIGHT = "night"
    EXPERIMENT = "experiment"
    SYNTHETIC = "synthetic"
    TEST_LOGINS = "test logins"


_NEEDED_BY = {
    Feature.NIGHT: "the night",
    Feature.EXPERIMENT: "the experiment",
    Feature.SYNTHETIC: "synthetic data and the simulation",
    Feature.TEST_LOGINS: "THREADS_TEST_ACCOUNT_PASSWORD",
}
_GROUP = {
    Feature.NIGHT: "threads_nightly",
    Feature.EXPERIMENT: "threads_nightly",
    Feature.SYNTHETIC: "threads_synthetic (never in production)",
    Feature.TEST_LOGINS: "threads_synthetic (never in production)",
}


def missing_privileges(
    connection: Connection, features: Collection[Feature] = (Feature.NIGHT,)
) -> list[Difference]:
    """Return what the features need and the role of the connection lacks.

    Args:
        connection: To the app's database, under the role that is judged.
        features: What is to work.

    Returns:
        One difference for each privilege that is missing; it names role, table, columns, the
        feature, and the file to run.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement("read_closed_schema"))
        closed = [
            Difference(schema, f'role "{role}" lacks USAGE on this schema{_run("night")}', True)
            for role, schema in cursor.fetchall()
        ]
        cursor.execute(statement("read_missing_privileges"), {"features": list(features)})
        return closed + [
            Difference(
                table,
                f'role "{role}" lacks {privilege}, which {_NEEDED_BY[Feature(feature)]} needs'
                f"{_run(feature)}, or {remedy}",
                True,
            )
            for role, feature, table, privilege, remedy in cursor.fetchall()
        ]


def require_privileges(engine: "Engine", *features: Feature) -> None:
    """Check that the role has the privileges that some features need.

    Args:
        engine: The app's database.
        features: The features.

    Raises:
        DatabaseError: A privilege is missing; the message lists all missing ones.
    """
    with session(engine) as connection:
        missing = missing_privileges(connection, features)
    if missing:
        listed = "\n".join(f"- {difference}" for difference in missing)
        raise DatabaseError(
            f"database {engine.url.database!r}: a privilege is missing (nothing was changed):\n"
            f"{listed}"
        )


def _run(feature: str) -> str:
    return (
        f": run {SQL_DIR / 'roles.sql'} as the tables' owner (the role has to be in "
        f"{_GROUP[Feature(feature)]})"
    )
