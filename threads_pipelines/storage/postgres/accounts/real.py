"""Whether the app has real accounts, and the refusal to write synthetic ones beside them."""

from typing import TYPE_CHECKING

from threads_pipelines.dataset.identity import EMAIL_DOMAIN, TEST_ACCOUNTS, is_synthetic
from threads_pipelines.errors import RealAccountsError
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

_FETCH = 20_000


def count_real_accounts(engine: "Engine") -> int:
    """How many accounts this project did not make; one with a synthetic email is looked at."""
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
    """Keep synthetic accounts and their content out of an app that people use.

    Args:
        engine: of the app's database.
        allowed: whether a person has said that it may be.

    Raises:
        RealAccountsError: where there are real accounts and it may not be.
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
