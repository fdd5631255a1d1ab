"""Counts real accounts, and refuses to write synthetic ones beside them."""

from typing import TYPE_CHECKING

from threads_pipelines.dataset.identity import EMAIL_DOMAIN, TEST_ACCOUNTS, is_synthetic
from threads_pipelines.errors import RealAccountsError
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

_FETCH = 20_000


def count_real_accounts(engine: "Engine") -> int:
    """Count the accounts that this project did not make.

    The id of an account with a synthetic email is compared with the one that the email implies.

    Args:
        engine: The app's database.

    Returns:
        Number of real accounts.
    """
    emails = {"synthetic": f"%@{EMAIL_DOMAIN}", "test_accounts": list(TEST_ACCOUNTS)}
    with session(engine) as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement("count_real_accounts"), emails)
            ((real,),) = cursor.fetchall()
        with connection.cursor("perhaps_synthetic") as cursor:
            cursor.execute(statement("read_perhaps_synthetic"), emails)
            while rows := cursor.fetchmany(_FETCH):
                real += sum(not is_synthetic(identifier, email) for identifier, email in rows)
        return int(real)


def refuse_beside_real_accounts(engine: "Engine", *, allowed: bool) -> None:
    """Refuse to write synthetic accounts and content into an app that people use.

    Args:
        engine: The app's database.
        allowed: Allow it in spite of real accounts.

    Raises:
        RealAccountsError: There are real accounts, and it is not allowed.
    """
    if allowed:
        return
    real = count_real_accounts(engine)
    if real:
        raise RealAccountsError(
            f"database {engine.url.database!r} has real accounts ({real:,}), and this writes "
            "synthetic accounts or their content beside them: where that is meant, say "
            "--with-real-accounts, with_real_accounts in the run config, or "
            "THREADS_WITH_REAL_ACCOUNTS=yes"
        )
