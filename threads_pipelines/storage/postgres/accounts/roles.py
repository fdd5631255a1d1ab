"""Database roles: the grants of ``sql/roles.sql``, and the login of the pipeline."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case
from psycopg2.extensions import encrypt_password

from threads_pipelines.errors import DatabaseError
from threads_pipelines.storage.postgres.contract_tables import TABLES
from threads_pipelines.storage.postgres.database import connect, session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

NIGHTLY = "threads_nightly"
SYNTHETIC = "threads_synthetic"


class _Rights(NamedTuple):
    """One row of ``sql/read_setup_rights.sql``."""

    role: str
    may_create_roles: bool
    may_create_databases: bool
    existing: list[str]
    changeable: list[str]
    memberships: list[list[str]]
    other_owners: list[str]
    database_exists: bool

    def may_grant(self, group: str) -> bool:
        return group in self.changeable if group in self.existing else self.may_create_roles


def require_setup_rights(
    engine: "Engine", name: str, *, synthetic: bool = False, dagster_database: str | None = None
) -> None:
    """Refuse what ``provide_login`` and ``provide_database`` could not do, and do nothing.

    Args:
        engine: Of the role that is to provide the login.
        name: The login.
        synthetic: Whether the login may also make and remove synthetic accounts.
        dagster_database: Name of Dagster's database on the same server; None where it is elsewhere.

    Raises:
        DatabaseError: Names the statements that an administrator has to run first.
    """
    with session(engine) as connection:
        rights = _rights(connection, name, dagster_database)
    where = f'database {engine.url.database!r}: role "{rights.role}"'
    if rights.other_owners:
        owners = ", ".join(f'"{owner}"' for owner in rights.other_owners)
        raise DatabaseError(
            f"{where} does not own the tables, and nothing was done: let DATABASE_URL name {owners}"
        )
    needed = list(_administrators_part(rights, name, SYNTHETIC if synthetic else NIGHTLY))
    if dagster_database and not (rights.database_exists or rights.may_create_databases):
        needed.append(f"CREATE DATABASE {_quoted(dagster_database)} OWNER {_quoted(rights.role)};")
    if needed:
        listed = "\n".join(f"  {one}" for one in needed)
        raise DatabaseError(
            f"{where} may not do all of it, and nothing was done. Let an administrator of the "
            f"server run this, then run `threads-pipelines setup` again:\n{listed}"
        )


def provide_login(engine: "Engine", name: str, password: str, *, synthetic: bool = False) -> None:
    """Create a login with the least privileges, or update its password and privileges.

    Args:
        engine: A connection as the owner of the tables, who may create roles.
        name: Name of the login.
        password: Its password.
        synthetic: Whether it may also create and remove synthetic accounts.

    Raises:
        DatabaseError: The owner may not create roles.
    """
    group, other = (SYNTHETIC, NIGHTLY) if synthetic else (NIGHTLY, SYNTHETIC)
    login = sql.Identifier(name)
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("roles"))
        rights = _rights(connection, name, None)
        if name not in rights.existing or name in rights.changeable:
            verb = sql.SQL("ALTER" if name in rights.existing else "CREATE")
            # Hashed here, so that the server's log never holds the password itself.
            verifier = encrypt_password(password, name, connection, "scram-sha-256")
            cursor.execute(
                sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, login, sql.Literal(verifier))
            )
        if [other, name] in rights.memberships:
            cursor.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(other), login))
        if [group, name] not in rights.memberships:
            cursor.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(group), login))
        connection.commit()


def provide_database(engine: "Engine", name: str, role: str) -> None:
    """Create a database, such as Dagster's own, if it does not exist, and grant its use to a role.

    Args:
        engine: A connection that may create databases.
        name: Name of the database.
        role: Name of the role that will use it.

    Raises:
        DatabaseError: The role of the connection may not create databases.
    """
    who, database = sql.Identifier(role), sql.Identifier(name)
    with session(engine, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
        if not cursor.rowcount:
            cursor.execute(sql.SQL("CREATE DATABASE {}").format(database))
    address = engine.url.set(database=name).render_as_string(hide_password=False)
    its_own = connect(address)
    with session(its_own) as connection, connection.cursor() as cursor:
        granted = "SELECT has_schema_privilege(%s, current_schema(), 'CREATE')"
        cursor.execute(granted, (role,))
        if cursor.fetchall() != [(True,)]:
            cursor.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, who))
            cursor.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {}").format(who))
            connection.commit()
    its_own.dispose()


def _rights(connection: Connection, name: str, dagster_database: str | None) -> _Rights:
    with connection.cursor() as cursor:
        cursor.execute(
            statement("read_setup_rights"),
            {
                "roles": [NIGHTLY, SYNTHETIC, name],
                "tables": list(TABLES),
                "database": dagster_database,
            },
        )
        (row,) = cursor.fetchall()
        return _Rights(*row)


def _administrators_part(rights: _Rights, name: str, group: str) -> Iterator[str]:
    """Statements about roles that the role of the connection may not run itself."""
    other = NIGHTLY if group == SYNTHETIC else SYNTHETIC
    for role in (NIGHTLY, SYNTHETIC, name):
        if role not in rights.existing and not rights.may_create_roles:
            login = " LOGIN PASSWORD '(that of THREADS_ROLE_PASSWORD)'" if role == name else ""
            yield f"CREATE ROLE {_quoted(role)}{login};"
    for its_group, member in ((NIGHTLY, SYNTHETIC), (group, name)):
        if [its_group, member] not in rights.memberships and not rights.may_grant(its_group):
            yield f"GRANT {_quoted(its_group)} TO {_quoted(member)};"
    if [other, name] in rights.memberships and not rights.may_grant(other):
        yield f"REVOKE {_quoted(other)} FROM {_quoted(name)};"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
