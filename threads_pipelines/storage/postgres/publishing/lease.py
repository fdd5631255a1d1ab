"""Ensures a single publisher, even if one that was considered dead continues.

There are two advisory locks. Both belong to transactions, so that they work through a transaction
pooler:

- The *lease* is held by an open transaction of the publisher while it publishes. Any statement
renews it. A publisher that hangs loses it to ``idle_in_transaction_session_timeout``.
- The *barrier* is taken in shared mode by each shard's transaction, which then checks that its
publisher still holds the lease. A new publisher with the lease takes the barrier exclusively for a
moment. After that no shard of an older publisher is being written or can begin.
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
    """The right to publish. ``connection`` holds its transaction."""

    connection: Connection
    holder: str
    """Virtual transaction id of the lease's transaction: its name in ``pg_locks``."""

    def renew(self) -> None:
        """Renew the lease; raise PublishBusyError if it is lost."""
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT 1")


@contextmanager
def publishing(
    engine: "Engine", run_id: str, *, wait_seconds: float, idle_seconds: float = IDLE_SECONDS
) -> Iterator[Lease]:
    """Hold the lease.

    Args:
        engine: The app's database.
        run_id: Id of the run, which other publishers see.
        wait_seconds: How long to wait while another run holds it.
        idle_seconds: Time without ``renew`` after which the server revokes it.

    Yields:
        The lease.

    Raises:
        PublishBusyError: Another run held it for all of ``wait_seconds``.
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
    """Begin a shard's transaction under the protection of the barrier.

    Args:
        connection: The connection of the shard.
        lease: The lease of its publisher.

    Raises:
        PublishBusyError: The lease was lost.
    """
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
