"""One publisher at a time, also after one was given up for dead and wakes up again.

Two advisory locks, both of transactions, so that they work through a transaction pooler:

- the *lease* is held by an open transaction of the publisher as long as it publishes. It is renewed
  by any statement; a publisher that hangs loses it to ``idle_in_transaction_session_timeout``.
- the *barrier* is taken shared by each shard's transaction, which then looks whether its publisher
  still holds the lease. A new publisher, once it has the lease, takes the barrier alone for a
  moment: from then on no shard of an older publisher is under way or can begin.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2.errors import LockNotAvailable
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.errors import PublishBusyError
from threads_pipelines.storage.postgres.database import APPLICATION, session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

LEASE, BARRIER = 1, 2
IDLE_SECONDS = 120.0
CLASS = 0x7468_7264
"""First half of the keys of our advisory locks ("thrd")."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to publish."""

    connection: Connection
    holder: str
    """Virtual transaction id of the lease's transaction: its name in ``pg_locks``."""

    def renew(self) -> None:
        """Show the server that this publisher is alive; raises where the lease is lost."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1")


@contextmanager
def publishing(
    engine: "Engine", run_id: str, *, wait_seconds: float, idle_seconds: float = IDLE_SECONDS
) -> Iterator[Lease]:
    """Hold the lease; raise PublishBusyError where another run has it for all of ``wait_seconds``.

    idle_seconds: after that long without a ``renew`` the server takes the lease away.
    """
    with session(engine) as connection:
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('application_name', %s, false)", (_name(run_id),))
            connection.commit()
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", (_ms(wait_seconds),))
            try:
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (CLASS, LEASE))
            except LockNotAvailable as error:
                connection.rollback()
                raise PublishBusyError(_busy(connection)) from error
            cursor.execute(statement("read_own_lease"), {"class": CLASS, "key": LEASE})
            ((holder,),) = cursor.fetchall()
            cursor.execute(
                "SELECT set_config('idle_in_transaction_session_timeout', %s, true)",
                (_ms(idle_seconds),),
            )
        _clear_barrier(engine, wait_seconds)
        yield Lease(connection, holder)


def enter_shard(connection: Connection, lease: Lease) -> None:
    """Begin a shard's transaction; raise PublishBusyError where the lease is not held any more."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s, %s)", (CLASS, BARRIER))
        parameters = {"class": CLASS, "key": LEASE, "holder": lease.holder}
        cursor.execute(statement("read_lease"), parameters)
        ((held,),) = cursor.fetchall()
    if not held:
        connection.rollback()
        raise PublishBusyError(
            "this run lost its right to publish (its connection was cut, or it hung), and another "
            "may have taken over: see the server's log, then run again; what was published stays"
        )


def _clear_barrier(engine: "Engine", wait_seconds: float) -> None:
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (_ms(wait_seconds),))
        try:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", (CLASS, BARRIER))
        except LockNotAvailable as error:
            raise PublishBusyError(
                "a shard of an earlier run is still being written: try again in a few minutes"
            ) from error


def _busy(connection: Connection) -> str:
    with connection.cursor() as cursor:
        cursor.execute(statement("read_publisher"), {"class": CLASS, "key": LEASE})
        found = cursor.fetchall()
        connection.rollback()
    since, name = found[0] if found else (None, None)
    run = (name or "").removeprefix(f"{APPLICATION} publish ") or "unknown"
    when = f"{since:%Y-%m-%d %H:%M:%S} UTC" if since else "an unknown time"
    return (
        f"another run is publishing (since {when}, run {run}): wait for it, "
        "or end its session if it is dead"
    )


def _name(run_id: str) -> str:
    return f"{APPLICATION} publish {run_id}"[:63]


def _ms(seconds: float) -> str:
    return f"{max(1, round(seconds * 1000))}ms"
