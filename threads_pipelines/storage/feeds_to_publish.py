"""Which rows are published: those of the partition's version, or those of the one that is pinned.

An earlier version is served again without what was seen since; users and posts that were deleted
since are left out by ``publish`` itself.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as csv

from threads_pipelines.storage.history import require_own
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import Pin, read_pin
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.versions.checked import require_checked

if TYPE_CHECKING:
    from sqlalchemy import Engine

_OVERLAP = timedelta(days=1)
"""A client sends what happened with a delay: a pair that was filtered already costs nothing."""
_PAIR = ["user_id", "post_id"]


@dataclass(frozen=True, slots=True)
class Feeds:
    """What to publish. generated_at: naive UTC. tables: as ``publish`` takes them."""

    version: str
    generated_at: datetime
    tables: Iterator[pa.Table]
    pin: Pin | None
    warning: str = ""
    """What a person should know of the version's database; mostly nothing."""


@contextmanager
def feeds_to_publish(
    engine: "Engine", store: ArtefactStore, partition: str, version: str, now: datetime
) -> Iterator[Feeds]:
    """Open the rows of a version, or those of the pinned one as a new generation of ``now``.

    A pinned version is published again each night: its rows would expire otherwise.

    Args:
        engine: the app's database, asked what was seen since a pinned version was made.
        store: where the versions are.
        partition: day of the version.
        version: what to publish where nothing is pinned.
        now: naive UTC.

    Raises:
        ArtefactError: where the version or its rows are gone, or did not pass their checks.
        ForeignHistoryError: where the version was made from another database.
        PinError: where it cannot be read which version is pinned.
        DatabaseError: where the database fails.
    """
    pin = read_pin(store.objects)
    if pin:
        partition, version = pin.partition, pin.version
    manifest = require_checked(store, partition, version)
    warning = require_own(engine, store, manifest)
    as_of = manifest.facts.as_of.astimezone(UTC).replace(tzinfo=None)
    seen = read_seen_since(engine, as_of - _OVERLAP) if pin else None
    with open_scored(store, partition, manifest.version) as file:
        tables = batches(file, [*_PAIR, "score"])
        if seen is not None:
            tables = (without(table, seen) for table in tables)
        generated_at = now.replace(microsecond=0) if pin else as_of
        yield Feeds(manifest.version, generated_at, tables, pin, warning)


def read_seen_since(engine: "Engine", since: datetime) -> pa.Table:
    """Distinct pairs of user_id and post_id; ``since`` is naive UTC."""
    buffer = io.BytesIO()
    with session(engine) as connection, connection.cursor() as cursor:
        query = cursor.mogrify(statement("read_seen_since"), {"since": since}).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", buffer)
    if not buffer.tell():
        return pa.table({name: pa.array([], pa.string()) for name in _PAIR})
    buffer.seek(0)
    return csv.read_csv(
        buffer,
        csv.ReadOptions(column_names=_PAIR),
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(_PAIR, pa.string()), strings_can_be_null=False
        ),
    )


def without(table: pa.Table, seen: pa.Table) -> pa.Table:
    """Rows of ``table`` whose pair is not in ``seen``, sorted by user_id as they were."""
    kept = table.join(seen, keys=_PAIR, join_type="left anti")
    return kept.sort_by([("user_id", "ascending"), ("score", "descending")])
