"""A publish holds a few shards at a time, however many there are."""

import tracemalloc
from collections.abc import Iterator

import pyarrow as pa

from tests.storage.app_database import AppDatabase
from tests.storage.publishing import NIGHT, TTL, put
from threads_pipelines.storage.postgres.publishing.publish import publish

FEED = 50
SHARD_ROWS = 500


def test_the_memory_of_a_publish_does_not_grow_with_its_rows(app_database: AppDatabase) -> None:
    put(app_database, [("user", "post", 0.5)])  # imports what stays, and slowly where traced
    few, many = peak_bytes(app_database, shards=4), peak_bytes(app_database, shards=24)
    assert many < 2 * few


def peak_bytes(database: AppDatabase, shards: int) -> int:
    """The most that Python and Arrow held; of users whom the database does not know."""
    most = 0

    def source() -> Iterator[pa.Table]:
        nonlocal most
        for shard in range(shards):
            users = [f"user {shard:04} {row // FEED:02}" for row in range(SHARD_ROWS)]
            posts = [f"post {row % FEED:02}" for row in range(SHARD_ROWS)]
            yield pa.table({"user_id": users, "post_id": posts, "score": [0.5] * SHARD_ROWS})
            most = max(most, tracemalloc.get_traced_memory()[0] + pa.total_allocated_bytes())

    tracemalloc.start()
    try:
        report = publish(
            database.engine, source(), generated_at=NIGHT, expires_at=NIGHT + TTL, now=NIGHT,
            run_id="memory", shard_rows=SHARD_ROWS,
        )  # fmt: skip
    finally:
        tracemalloc.stop()
    assert report.vanished == shards * SHARD_ROWS
    return most
