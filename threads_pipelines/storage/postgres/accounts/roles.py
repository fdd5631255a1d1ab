"""Database roles: what ``sql/roles.sql`` grants, and the login that the pipeline works under."""

from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

NIGHTLY = "threads_nightly"
SYNTHETIC = "threads_synthetic"


def provide_login(engine: "Engine", name: str, password: str, *, synthetic: bool = False) -> None:
    """Give the login ``name`` this password and the least privileges; make it where it is missing.

    engine: of the tables' owner, who may create roles.
    synthetic: whether it may also make and remove synthetic accounts.

    Run again it brings the password and the privileges up to date. Raises DatabaseError where the
    owner may not do it.
    """
    group, other = (SYNTHETIC, NIGHTLY) if synthetic else (NIGHTLY, SYNTHETIC)
    login = sql.Identifier(name)
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("roles"))
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,))
        verb = sql.SQL("ALTER" if cursor.rowcount else "CREATE")
        # Hashed here, so that the server's log never holds the password itself.
        verifier = encrypt_password(password, name, connection, "scram-sha-256")
        cursor.execute(
            sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, login, sql.Literal(verifier))
        )
        cursor.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(other), login))
        cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), login))
        connection.commit()


def provide_database(engine: "Engine", name: str, owner: str) -> None:
    """Make the database ``name`` for ``owner`` where it is missing, such as Dagster's own."""
    with session(engine, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
        if not cursor.rowcount:
            # CREATE DATABASE ... OWNER needs the creator to be a member of that role.
            who = sql.Identifier(owner)
            cursor.execute(sql.SQL("GRANT {} TO CURRENT_USER").format(who))
            cursor.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), who))
