"""The experiment in the app's database: groups, events and the login of the test accounts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.identity import is_synthetic, test_account_id
from threads_pipelines.experiment.sessions import ExperimentEvents
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BLOCK = 50_000
_GROUP_BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Roster:
    """All accounts, sorted by id.

    Attributes:
        ids: n ids.
        emails: n emails.
        labels: n values of ``experiment_group``; None if the app has no such column.
        synthetic: (n,) bool, accounts that this project made.
    """

    ids: list[str]
    emails: list[str]
    labels: list[str | None]
    synthetic: NDArray[np.bool_]

    def hidden_ids(self, *, synthetic_accounts: bool) -> list[str]:
        """List the accounts that a report leaves out: the synthetic ones, once real ones exist.

        Args:
            synthetic_accounts: Include synthetic accounts in any case.

        Returns:
            Ids of the accounts to leave out.
        """
        if synthetic_accounts or self.synthetic.all():
            return []
        return [self.ids[row] for row in np.flatnonzero(self.synthetic)]


def read_roster(engine: "Engine") -> Roster:
    """Read all accounts.

    Args:
        engine: The app's database.

    Returns:
        The accounts.
    """
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("read_experiment_accounts"))
        rows = cursor.fetchall()
    ids, emails, labels = ([row[column] for row in rows] for column in range(3))
    made = [is_synthetic(identifier, email) for identifier, email, _ in rows]
    return Roster(ids, emails, labels, np.array(made, bool))


def write_groups(engine: "Engine", ids: Sequence[str], groups: Sequence[str]) -> int:
    """Write groups to accounts that have another one.

    Accounts are written in small batches that never wait for a lock. Those that another transaction
    holds are written afterwards, each in a transaction of its own: whoever waits holds nothing, so
    that no deadlock can arise.

    Args:
        engine: The app's database.
        ids: Ids of the accounts.
        groups: The group of each account.

    Returns:
        Number of changed accounts.
    """
    group_of = dict(sorted(zip(ids, groups, strict=True)))
    accounts, changed = list(group_of), 0
    busy: list[str] = []
    with session(engine) as connection, connection.cursor() as cursor:
        for start in range(0, len(accounts), _GROUP_BATCH):
            part = accounts[start : start + _GROUP_BATCH]
            given = {"ids": part, "groups": [group_of[one] for one in part]}
            cursor.execute(statement("assign_experiment_groups"), given)
            ((written, held),) = cursor.fetchall()
            connection.commit()
            changed, busy = changed + written, busy + held
        for one in busy:
            given_one = {"id": one, "group": group_of[one]}
            cursor.execute(statement("assign_experiment_group"), given_one)
            changed += cursor.rowcount
            connection.commit()
    return changed


def read_events(
    engine: "Engine", ids: Sequence[str], since: datetime, until: datetime
) -> ExperimentEvents:
    """Read the events of accounts in [since, until), as a stream of blocks.

    Args:
        engine: The app's database.
        ids: Ids of the accounts.
        since: Naive UTC.
        until: Naive UTC.

    Returns:
        The events; their users are positions in ``ids``.
    """
    row_of = {identifier: row for row, identifier in enumerate(ids)}
    blocks = []
    with session(engine) as connection, connection.cursor("experiment_events") as cursor:
        cursor.itersize = _BLOCK
        cursor.execute(statement("read_experiment_events"), {"since": since, "until": until})
        while rows := cursor.fetchmany(_BLOCK):
            blocks.append(_block([(row_of[row[0]], *row[1:]) for row in rows if row[0] in row_of]))
    blocks = blocks or [_block([])]
    return ExperimentEvents(*(np.concatenate(column) for column in zip(*blocks, strict=True)))


def set_test_login(engine: "Engine", email: str, password: str, now: datetime) -> bool:
    """Set the password of a test account.

    Args:
        engine: The app's database.
        email: Email of the test account.
        password: The password; its bcrypt hash is stored.
        now: Naive UTC.

    Returns:
        False if the account does not exist.
    """
    import bcrypt

    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()
    with session(engine) as connection, connection.cursor() as cursor:
        given = {"user_id": test_account_id(email), "hash": hashed, "now": now}
        cursor.execute(statement("set_login"), given)
        connection.commit()
        return bool(cursor.rowcount)


def _block(rows: list[tuple[int, int, int, bool, float | None]]) -> tuple[NDArray, ...]:
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) if rows else [()] * 5
    types = (np.int32, np.int8, np.int64, bool, np.float64)
    return tuple(np.array(column, kind) for column, kind in zip(columns, types, strict=True))
