"""Deletes expired recommendations, a little at a time."""

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
    """Delete rows whose ``expires_at`` is at or before ``now`` (naive UTC); returns how many.

    Each batch is a transaction of its own that skips rows which others hold. No publisher works
    meanwhile (PublishBusyError after ``wait_seconds``): it would find rows gone that it updates.
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
