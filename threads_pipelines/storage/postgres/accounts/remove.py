"""Removes synthetic accounts and everything that belongs to them, and no other account."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in lower case

from threads_pipelines.dataset.identity import (
    EMAIL_DOMAIN,
    TEST_ACCOUNTS,
    is_synthetic,
    run_key_of,
)
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

_THEIRS = sql.SQL("user_id = ANY (%(ids)s)")
_HANGING = sql.SQL(
    "user_id = ANY (%(ids)s) OR post_id IN (SELECT id FROM post WHERE user_id = ANY (%(ids)s))"
)
# No index leads from a user to comments, or from a post to recommendations: one pass over each
# first, so that the cascades later find next to nothing to search.
_WHOLE_TABLES = {"user_recommendation": _HANGING, "comment": _HANGING}
# Children first. A post takes with it what others wrote on it, by the app's own cascades.
_IN_BATCHES = {
    "user_interaction": _THEIRS,
    "like": _THEIRS,
    "follow": sql.SQL("follower_id = ANY (%(ids)s) OR following_id = ANY (%(ids)s)"),
    "post": _THEIRS,
    "account": _THEIRS,
    "user": sql.SQL("id = ANY (%(ids)s)"),
}


def remove_synthetic(
    engine: "Engine",
    run_key: str | None = None,
    *,
    batch: int = 1_000,
    progress: Callable[[str], None] = lambda _message: None,
) -> dict[str, int]:
    """Delete synthetic accounts.

    An account is deleted only if both its email and its id prove that it was made here. Each batch
    is a transaction. After a kill it can simply be run again.

    Args:
        engine: The app's database.
        run_key: The run key of the population. None: all synthetic accounts, and the test accounts.
        batch: Accounts in a transaction.
        progress: Called with one sentence after each batch.

    Returns:
        Number of deleted rows by table. Rows of other accounts that referred to a deleted post are
        not counted.
    """
    with session(engine) as connection:
        accounts = _accounts(connection, run_key)
        counts = dict.fromkeys((*_WHOLE_TABLES, *_IN_BATCHES), 0)
        for table, which in _WHOLE_TABLES.items():
            with connection.cursor() as cursor:
                counts[table] = _delete(cursor, table, which, [one for one, _ in accounts])
            connection.commit()
        for start in range(0, len(accounts), batch):
            part = accounts[start : start + batch]
            for table, deleted in _remove(connection, part).items():
                counts[table] += deleted
            progress(f"{start + len(part):,} of {len(accounts):,} synthetic accounts removed")
        return counts


def _accounts(connection: Connection, run_key: str | None) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            'SELECT id, email FROM "user" WHERE email LIKE %s OR email = ANY (%s) ORDER BY id',
            (f"%@{EMAIL_DOMAIN}", list(TEST_ACCOUNTS)),
        )
        return [
            (identifier, email)
            for identifier, email in cursor.fetchall()
            if is_synthetic(identifier, email) and run_key in (None, run_key_of(identifier, email))
        ]


def _remove(connection: Connection, accounts: list[tuple[str, str]]) -> dict[str, int]:
    """Delete, in one transaction, the accounts that still have the email that identified them."""
    counts: dict[str, int] = {}
    with connection.cursor() as cursor:
        ids, emails = (list(column) for column in zip(*accounts, strict=True))
        cursor.execute(statement("lock_accounts"), {"ids": ids, "emails": emails})
        locked = [identifier for (identifier,) in cursor.fetchall()]
        for table, which in _IN_BATCHES.items():
            counts[table] = _delete(cursor, table, which, locked)
    connection.commit()
    return counts


def _delete(cursor: Cursor, table: str, which: sql.SQL, ids: list[str]) -> int:
    command = sql.SQL("DELETE FROM {} WHERE {}").format(sql.Identifier(table), which)
    cursor.execute(command, {"ids": ids})
    return cursor.rowcount
