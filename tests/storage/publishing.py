"""Publishing a few rows, and reading the feeds that result."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import pyarrow as pa

from tests.storage.app_database import AppDatabase
from threads_pipelines.storage.postgres.publishing.left_without import Decided
from threads_pipelines.storage.postgres.publishing.publish import PublishReport, publish

NIGHT = datetime.fromisoformat("2026-03-31 02:00:00")
DAY = timedelta(days=1)
TTL = timedelta(hours=48)
Rows = Iterable[tuple[str, str, float]]
FIRST = [("ann", "p2", 0.9), ("ann", "p1", 0.5), ("bob", "p1", 0.8)]


def table(rows: Rows) -> pa.Table:
    schema = pa.schema({"user_id": pa.string(), "post_id": pa.string(), "score": pa.float64()})
    return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def put(database: AppDatabase, rows: Rows, **options: Any) -> PublishReport:
    at = options.pop("generated_at", NIGHT)
    given = {"expires_at": at + TTL, "now": at, "run_id": "test", **options}
    return publish(database.engine, [table(rows)], generated_at=at, **given)


def feeds(database: AppDatabase) -> dict[str, list[tuple[str, float]]]:
    found: dict[str, list[tuple[str, float]]] = {}
    for user, post, score in database.rows(
        "SELECT user_id, post_id, score FROM user_recommendation "
        'ORDER BY user_id COLLATE "C", score DESC'
    ):
        found.setdefault(user, []).append((post, score))
    return found


def decided(*users: str, withheld: tuple[str, ...] = (), everybody: bool = False) -> Decided:
    """Whom a version decides about, in tables of two."""
    rows = sorted([(user, True) for user in users] + [(user, False) for user in withheld])
    schema = pa.schema({"user_id": pa.string(), "receives": pa.bool_()})
    tables = [
        pa.Table.from_pylist([{"user_id": u, "receives": r} for u, r in rows[at : at + 2]], schema)
        for at in range(0, len(rows), 2)
    ]
    return Decided(tables, everybody)
