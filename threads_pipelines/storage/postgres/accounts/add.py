"""Adds accounts of this project to an app where people may already have their names."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2 import sql

from threads_pipelines.storage.postgres.bulk import Columns, copy_statement, csv_of
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

_COLUMNS = (
    *("id", "email", "username", "name", "display_name", "bio", "created_at", "updated_at"),
)
# What a second and a third attempt append: a part of the id to the username, then the whole id to
# every name, for an app that has a unique display name.
_ATTEMPTS = ({"length": 12, "names": False}, {"length": 36, "names": True})


@dataclass(frozen=True, slots=True)
class AddedAccounts:
    """Result of adding accounts.

    Attributes:
        added: Number of new accounts.
        renamed: New username by id, for accounts whose own username was taken.
        left_out: Ids of accounts that were not added: their email is taken, or their id now has
            another email.
    """

    added: int
    renamed: dict[str, str]
    left_out: tuple[str, ...]


def add_accounts(engine: "Engine", columns: Columns) -> AddedAccounts:
    """Add missing accounts in one transaction that changes no other account.

    If another account has the username, the new account gets another one. If another account has
    the email, the new account is left out.

    Args:
        engine: The app's database.
        columns: As ``bulk.copy_rows`` takes them: id, email, username, name, display_name, bio,
            created_at and updated_at, each of shape (n,).

    Returns:
        The accounts that were and were not added.
    """
    table, names = (
        sql.Identifier("stage_account"),
        sql.SQL(", ").join(map(sql.Identifier, _COLUMNS)),
    )
    with session(engine) as connection, connection.cursor() as cursor:
        make = "CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0"
        cursor.execute(sql.SQL(make).format(table, names, sql.Identifier("user")))
        stage = sql.Identifier("pg_temp", "stage_account")
        body = csv_of("user", {name: columns[name] for name in _COLUMNS})
        cursor.copy_expert(copy_statement(connection, stage, names), body)
        added = 0
        renamed: dict[str, str] = {}
        for attempt in (None, *_ATTEMPTS):
            if attempt:
                cursor.execute(statement("rename_accounts"), attempt)
            cursor.execute(statement("add_accounts"))
            made = cursor.rowcount
            cursor.execute(statement("settle_accounts"))
            if attempt and made:
                renamed |= dict(cursor.fetchall())
            added += made
        cursor.execute(sql.SQL("SELECT id FROM {} ORDER BY id").format(stage))
        left_out = tuple(identifier for (identifier,) in cursor.fetchall())
        connection.commit()
    return AddedAccounts(added, renamed, left_out)
