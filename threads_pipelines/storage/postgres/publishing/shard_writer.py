"""Writes one shard in one transaction: stage, compare with the table, replace."""

import io
import time
from dataclasses import asdict, dataclass, fields

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.csv as csv
from psycopg2.errorcodes import DEADLOCK_DETECTED, FOREIGN_KEY_VIOLATION
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case
from psycopg2.extensions import cursor as Cursor  # noqa: N812 - a class in lower case

from threads_pipelines.storage.postgres.binary_copy import HEADER, TRAILER, encode
from threads_pipelines.storage.postgres.publishing.fingerprints import Fingerprints
from threads_pipelines.storage.postgres.publishing.generation import Generation
from threads_pipelines.storage.postgres.publishing.lease import Lease, enter_shard
from threads_pipelines.storage.postgres.publishing.shards import Shard
from threads_pipelines.storage.postgres.sql import statement

ATTEMPTS = 5
_RETRIED = {FOREIGN_KEY_VIOLATION, DEADLOCK_DETECTED}
_CSV = csv.WriteOptions(include_header=False, quoting_style="all_valid")
_ROW = {"user": ">i4", "post": ">i4", "score": ">f8"}
# Plans must not depend on statistics that a temporary table does not have: each shard is small
# next to the table, so the index is right. A client that hangs in the middle is thrown out.
_LOCAL = (
    "SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off; SET LOCAL jit = off; "
    "SET LOCAL work_mem = '64MB'; "
    "SET LOCAL idle_in_transaction_session_timeout = '120s'"
)


@dataclass(frozen=True, slots=True)
class ShardCounts:
    """Counts of the rows of a shard by what happened to them."""

    users: int = 0
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    users_newer: int = 0
    rows_newer: int = 0
    vanished: int = 0
    users_emptied: int = 0
    """Users who got no rows and lost those they had."""
    users_busy: int = 0
    """Users whom another transaction held at every attempt; they keep what they have."""
    retries: int = 0

    @property
    def placed(self) -> int:
        """Rows of this generation that are in the table now."""
        return self.inserted + self.updated + self.unchanged

    def __add__(self, other: "ShardCounts") -> "ShardCounts":
        """Add each count."""
        return ShardCounts(
            *(getattr(self, part.name) + getattr(other, part.name) for part in fields(self))
        )


class ShardWriter:
    """Writes shards over one connection.

    Args:
        connection: The connection.
        lease: The lease of the publisher.
        generation: The generation to write.
        there: Fingerprints of the rows that are already in the table.
        keep: Commit each shard; otherwise each is rolled back, for a dry run.
    """

    def __init__(
        self,
        connection: Connection,
        lease: Lease,
        generation: Generation,
        there: Fingerprints,
        *,
        keep: bool = True,
    ) -> None:
        self._connection, self._lease = connection, lease
        self._generation, self._there = generation, there
        self._end = connection.commit if keep else connection.rollback

    def write(self, shard: Shard) -> ShardCounts:
        """Replace the rows of the shard's users; deadlocks and concurrent deletions are retried.

        Args:
            shard: The rows.

        Returns:
            The counts.

        Raises:
            PublishBusyError: The lease was lost.
        """
        if not len(shard):
            return self._write_rest(shard)
        rest, unchanged = self._there.without_unchanged(self._connection, shard)
        self._connection.rollback()
        done = ShardCounts(len(shard.users), len(shard), unchanged=unchanged)
        return done if rest is None else done + self._write_rest(rest)

    def _write_rest(self, shard: Shard) -> ShardCounts:
        """Write a shard, then write again those of its users whose rows were locked."""
        done = ShardCounts()
        for attempt in range(ATTEMPTS):
            try:
                counts, busy = self._write(shard)
            except psycopg2.Error as error:
                if error.pgcode not in _RETRIED or attempt == ATTEMPTS - 1:
                    raise
                self._connection.rollback()
            else:
                done += counts
                if not busy:
                    return done
                shard = shard.of_users(np.array(sorted(busy)))
            done += ShardCounts(retries=1)
            time.sleep(0.05 * 2**attempt)
        return done + ShardCounts(users_busy=len(shard.users))

    def _write(self, shard: Shard) -> tuple[ShardCounts, list[int]]:
        """Write a shard in one transaction; also return the positions of users with locked rows."""
        enter_shard(self._connection, self._lease)
        with self._connection.cursor() as cursor:
            cursor.execute(_LOCAL)
            # In each transaction anew: behind a transaction pooler the next one may have another
            # session.
            cursor.execute(statement("stage_recommendations"))
            _stage(cursor, shard)
            cursor.execute(
                statement("publish_recommendations"),
                {
                    **asdict(self._generation),
                    "uuid_prefix": _uuid_prefix(time.time_ns() // 1_000_000),
                },
            )
            (counts,) = cursor.fetchall()
            names = [column.name for column in cursor.description or ()]
        self._end()
        found = dict(zip(names, counts, strict=True))
        busy = found.pop("busy")
        return ShardCounts(**found), busy


def _stage(cursor: Cursor, shard: Shard) -> None:
    for table, column, ids in (("user", "user_id", shard.users), ("post", "post_id", shard.posts)):
        numbered = pa.table({"n": pa.array(range(len(ids)), pa.int32()), column: ids})
        buffer = pa.BufferOutputStream()
        csv.write_csv(numbered, buffer, _CSV)
        copy = f"COPY pg_temp.stage_{table} FROM STDIN (FORMAT csv)"
        cursor.copy_expert(copy, io.BytesIO(buffer.getvalue().to_pybytes()))
    rows = encode({"user": shard.user, "post": shard.post, "score": shard.score}, _ROW)
    copy = "COPY pg_temp.stage FROM STDIN (FORMAT binary)"
    cursor.copy_expert(copy, io.BytesIO(b"".join((HEADER, rows, TRAILER))), 1 << 20)


def _uuid_prefix(milliseconds: int) -> str:
    """Return the first 15 characters of a UUIDv8: 48 bits of time and the version."""
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-8"
