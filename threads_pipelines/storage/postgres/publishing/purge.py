"""Deletes expired recommendations in small transactions."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.publishing.lease import publishing
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine


def purge_expired(
    engine: "Engine",
    now: datetime,
    *,
    run_id: str = "purge",
    batch: int = 10_000,
    wait_seconds: float = 30.0,
    progress: Callable[[str], None] = lambda _message: None,
) -> int:
    """Delete the rows that have expired.

    Each batch is a transaction that skips rows locked by others. The lease is held, because a
    publisher must not find rows gone that it is about to update.

    Args:
        engine: The app's database.
        now: Rows with ``expires_at`` up to this time are deleted; naive UTC.
        run_id: Id of the run, which other publishers see.
        batch: Rows in a transaction.
        wait_seconds: How long to wait while another run publishes.
        progress: Called with one sentence after each batch.

    Returns:
        Number of deleted rows.

    Raises:
        PublishBusyError: Another run published for all of ``wait_seconds``.
    """
    deleted = 0
    with (
        publishing(engine, run_id, wait_seconds=wait_seconds) as lease,
        session(engine) as connection,
        connection.cursor() as cursor,
    ):
        while True:
            cursor.execute(statement("purge_expired"), {"now": now, "batch": batch})
            if cursor.rowcount == 0:
                return deleted
            deleted += cursor.rowcount
            connection.commit()
            lease.renew()
            progress(f"{deleted:,} expired rows deleted")
