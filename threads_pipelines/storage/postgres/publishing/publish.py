"""Publishes recommendations: each user's rows are replaced in one transaction.

A reader sees a user's old rows or the new ones, never some of them or a mixture. A user who has
live rows of a newer generation keeps them. A user who is decided about and has no rows in the
source loses the old ones; all other users are left alone. A publish that was killed is run again:
what is there is skipped.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from threads_pipelines.errors import LeftWithoutError
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.publishing.fingerprints import Fingerprints
from threads_pipelines.storage.postgres.publishing.generation import Generation
from threads_pipelines.storage.postgres.publishing.lease import Lease, publishing
from threads_pipelines.storage.postgres.publishing.left_without import (
    MOST_LEFT_WITHOUT,
    NOBODY,
    Decided,
    find_left_without,
)
from threads_pipelines.storage.postgres.publishing.shard_writer import ShardCounts, ShardWriter
from threads_pipelines.storage.postgres.publishing.shards import Shard, shards
from threads_pipelines.storage.postgres.publishing.vacuum import vacuum
from threads_pipelines.storage.postgres.worker_pool import WorkerPool

if TYPE_CHECKING:
    from sqlalchemy import Engine

SHARD_ROWS = 50_000
_FEED_ROWS = 50
"""About as many rows has a feed: it sets the size of a shard of people whose rows go."""


@dataclass(frozen=True, slots=True)
class PublishReport:
    """Result of a publish. Counts are of rows unless they name users."""

    archived: bool
    """Nothing was written because the generation had expired before it was published."""
    users: int = 0
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    users_newer: int = 0
    """Users who kept live rows of a newer generation."""
    rows_newer: int = 0
    vanished: int = 0
    """Rows left out because their user or post was deleted meanwhile."""
    users_live: int = 0
    """People who had live rows before; 0 where nobody is decided about but those with rows."""
    users_left_without: int = 0
    """Those of them who get none, although they are to receive some."""
    users_withheld: int = 0
    """Those of them who are left without rows on purpose."""
    users_emptied: int = 0
    """Users who got no rows and lost those they had."""
    users_busy: int = 0
    """Users who kept what they had, because another transaction held them all the time."""
    shards: int = 0
    retries: int = 0
    connections: int = 0
    wal_bytes: int = 0
    """Write-ahead log of the whole server during the publish."""
    seconds: float = 0.0
    vacuumed: bool = False
    notice: str = ""
    """What a person should know, such as why no VACUUM could be made."""
    refusal: str = ""
    """Why a publish would have stopped before its first shard, where this is a dry run."""
    dry_run: bool = False
    """Every shard was rolled back: the counts are what a publish would have done."""

    @property
    def placed(self) -> int:
        """Rows of this generation that are in the table now."""
        return self.inserted + self.updated + self.unchanged


def publish(
    engine: "Engine",
    source: Iterable[pa.Table],
    *,
    generated_at: datetime,
    expires_at: datetime,
    now: datetime,
    run_id: str,
    connections: int = 2,
    shard_rows: int = SHARD_ROWS,
    wait_seconds: float = 30.0,
    decided: Decided | None = None,
    most_left_without: float = MOST_LEFT_WITHOUT,
    begin: Callable[[], None] = lambda: None,
    dry_run: bool = False,
    progress: Callable[[str], None] = lambda _message: None,
) -> PublishReport:
    """Publish one generation to ``user_recommendation``.

    Memory does not depend on the number of rows.

    Args:
        engine: The app's database.
        source: Tables with user_id, post_id and score, sorted by user_id; other columns are
            ignored. It is read twice if ``decided`` is given.
        generated_at: Naive UTC, cut to whole seconds.
        expires_at: Naive UTC, cut to whole seconds.
        now: Naive UTC.
        run_id: Id of the run, which other publishers see.
        connections: Number of shards that are written at the same time.
        shard_rows: Least number of rows of a shard.
        wait_seconds: How long to wait while another run publishes.
        decided: The accounts that the publish decides about: those of them without rows lose their
            old rows. By default only accounts with rows are touched.
        most_left_without: Largest share, in [0, 1], of the people with live rows who may lose them
            and get none. Withheld people do not count.
        begin: Called before the first shard, after all that can refuse the publish.
        dry_run: Roll back every shard, so that readers never see the rows.
        progress: Called with one sentence at a time.

    Returns:
        What was written.

    Raises:
        LeftWithoutError: Too many people would be left without rows; nothing was written.
        PublishBusyError: Another run published for all of ``wait_seconds``, or the lease was lost.
        DataError: A row must not be published; the shards before it stay.
        DatabaseError: The server fails.
    """
    generation = Generation.of(generated_at, expires_at, now)
    if generation.expires_at <= now:
        return PublishReport(
            archived=True,
            dry_run=dry_run,
            notice=f"expired at {generation.expires_at} UTC: archived, the table is untouched",
        )
    began = time.monotonic()
    with publishing(engine, run_id, wait_seconds=wait_seconds) as lease:
        wal_before = _wal_position(lease)
        there = Fingerprints(lease.connection, asdict(generation))

        @contextmanager
        def writer() -> Iterator[Callable[[Shard], ShardCounts]]:
            with session(engine) as connection:
                yield ShardWriter(connection, lease, generation, there, keep=not dry_run).write

        left = find_left_without(lease, source, decided, generation) if decided else NOBODY
        refusal = left.refusal(most_left_without)
        if refusal and not dry_run:
            raise LeftWithoutError(refusal)
        begin()
        work = chain(shards(source, shard_rows), left.shards(max(1, shard_rows // _FEED_ROWS)))
        total, written = ShardCounts(), 0
        for counts in WorkerPool(work, connections, writer).run(lease.renew):
            lease.renew()
            total, written = total + counts, written + 1
            progress(f"shard {written}: {_so_far(total, dry_run=dry_run)}")
        skipped = ""
        changed = total.inserted + total.updated + total.deleted
        if changed:
            progress("vacuuming")
            skipped = vacuum(engine)
        return PublishReport(
            archived=False,
            **{part.name: getattr(total, part.name) for part in fields(ShardCounts)},
            users_live=left.live,
            users_left_without=len(left.unintended),
            users_withheld=len(left.withheld),
            shards=written,
            connections=connections,
            wal_bytes=_wal_position(lease) - wal_before,
            seconds=time.monotonic() - began,
            vacuumed=bool(changed) and not skipped,
            notice=skipped,
            refusal=refusal,
            dry_run=dry_run,
        )


def _so_far(total: ShardCounts, *, dry_run: bool) -> str:
    state = "would be in place" if dry_run else "are in place"
    said = f"{total.placed:,} rows of {total.users - total.users_newer:,} users {state}"
    return said + (f", {total.users_newer:,} users keep newer ones" if total.users_newer else "")


def _wal_position(lease: Lease) -> int:
    with lease.connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
        ((position,),) = cursor.fetchall()
        return int(position)
