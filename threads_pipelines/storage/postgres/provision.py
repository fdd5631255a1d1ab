"""Creates what must exist before the first run: Dagster's own database."""

from psycopg2 import sql

from threads_pipelines.errors import DatabaseError
from threads_pipelines.storage.postgres import database


def ensure_database(url: str, variable: str) -> None:
    """Create the database of an address if it does not exist.

    Args:
        url: The address.
        variable: Name of the variable that holds it, for messages.

    Raises:
        DatabaseError: The role may not create a database; the message names ``variable``.
    """
    from sqlalchemy import make_url

    try:
        with database.session(database.connect(url)):
            return
    except DatabaseError as error:
        if "does not exist" not in str(error):
            raise
    name = make_url(url).database
    server = database.connect(make_url(url).set(database="postgres").render_as_string(False))
    try:
        with (
            database.session(server, autocommit=True) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(str(name))))
    except DatabaseError as error:
        if "already exists" in str(error):
            return
        raise DatabaseError(
            f"{error}. Dagster keeps its runs in a database of its own, {name!r}: set {variable} "
            "to another, or let an administrator run: "
            f'CREATE DATABASE "{name}" OWNER "{make_url(url).username}"'
        ) from error
