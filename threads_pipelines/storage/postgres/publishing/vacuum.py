"""VACUUM after a publish, so that reads stay fast."""

from typing import TYPE_CHECKING

from psycopg2 import sql

from threads_pipelines.storage.postgres.database import session

if TYPE_CHECKING:
    from sqlalchemy import Engine


def vacuum(engine: "Engine") -> str:
    """Run VACUUM (ANALYZE) on the table of recommendations.

    Pages are not returned to the system: the next night needs them, and returning them takes a lock
    that blocks readers.

    Args:
        engine: The app's database.

    Returns:
        Why it was skipped; empty if it was not.
    """
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        ((schema,),) = cursor.fetchall()
        connection.rollback()
        connection.autocommit = True  # VACUUM refuses a transaction
        table = sql.Identifier(schema, "user_recommendation")
        cursor.execute(sql.SQL("VACUUM (ANALYZE, TRUNCATE false) {}").format(table))
        said = " ".join(notice.strip() for notice in connection.notices)
    if "skipping" not in said:
        return ""
    return (
        f"not vacuumed ({said}): autovacuum has to do it; let the table's owner run the pipeline, "
        "or from PostgreSQL 17 on GRANT MAINTAIN ON user_recommendation"
    )
