"""Selects the rows to publish: those of the partition's version, or those of the pinned version.

A pinned version is published without posts that users have seen since. ``publish`` itself leaves
out users and posts that were deleted since.
An older version that comes late gives nothing to those whom a newer version left without rows.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as csv

from threads_pipelines.storage.history import require_own
from threads_pipelines.storage.newer_decisions import left_without_since
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.publishing.left_without import Decided
from threads_pipelines.storage.postgres.sql import statement
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import Pin, read_pin
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.versions.checked import require_checked
from threads_pipelines.storage.s3.versions.decided import has_decided, open_decided
from threads_pipelines.storage.s3.versions.manifest import Manifest
from threads_pipelines.storage.tables import RepeatableTables, without_users

if TYPE_CHECKING:
    from sqlalchemy import Engine

_OVERLAP = timedelta(days=1)
"""A client sends what happened with a delay: a pair that was filtered already costs nothing."""
_PAIR = ["user_id", "post_id"]


@dataclass(frozen=True, slots=True)
class Feeds:
    """What to publish.

    Attributes:
        version: Name of the version.
        generated_at: Naive UTC.
        tables: The rows, as ``publish`` takes them.
        decided: The accounts that the version decides about, as ``publish`` takes them.
        pin: The pin; None if nothing is pinned.
        warning: A sentence for the log, or empty.
    """

    version: str
    generated_at: datetime
    tables: Iterable[pa.Table]
    decided: Decided
    pin: Pin | None
    warning: str = ""
    """What a person should know of the version's database; mostly nothing."""


@contextmanager
def feeds_to_publish(
    engine: "Engine",
    store: ArtefactStore,
    partition: str,
    version: str,
    now: datetime,
    pin: Pin | None = None,
) -> Iterator[Feeds]:
    """Open the rows of a version, or those of the pinned version as a new generation of ``now``.

    A pinned version is published again each night, because its rows would expire otherwise.

    Args:
        engine: The app's database; it tells what was seen since a pinned version was made.
        store: The versions.
        partition: Day of the version.
        version: The version to publish if nothing is pinned.
        now: Naive UTC.
        pin: The version that is about to be pinned; None takes the pinned version.

    Yields:
        The rows to publish.

    Raises:
        ArtefactError: The version or its rows are missing, or did not pass their checks.
        ForeignHistoryError: The version was made from another database.
        PinError: The pin cannot be read.
        DatabaseError: The database fails.
    """
    pin = pin or read_pin(store.objects)
    if pin:
        partition, version = pin.partition, pin.version
    manifest = require_checked(store, partition, version)
    warning = require_own(engine, store, manifest)
    as_of = manifest.facts.as_of.astimezone(UTC).replace(tzinfo=None)
    with stored_feeds(store, manifest) as (tables, decided):
        if not pin:
            tables = without_users(tables, left_without_since(store, manifest.facts.as_of))
        else:
            seen, stored = read_seen_since(engine, as_of - _OVERLAP), tables
            tables = RepeatableTables(lambda: (without(table, seen) for table in stored))
            # Who joined since has no rows in it: the app's own fallback, not a later version's.
            decided = replace(decided, everybody=has_decided(manifest))
        generated_at = now.replace(microsecond=0) if pin else as_of
        yield Feeds(manifest.version, generated_at, tables, decided, pin, warning)


@contextmanager
def stored_feeds(
    store: ArtefactStore, manifest: Manifest
) -> Iterator[tuple[Iterable[pa.Table], Decided]]:
    """Open the rows of a version, and the accounts that it decides about.

    Args:
        store: The versions.
        manifest: Manifest of the version.

    Yields:
        Rows and accounts, as ``publish`` takes them.

    Raises:
        ArtefactError: A file is missing or damaged.
    """
    with (
        open_scored(store, manifest.partition, manifest.version) as rows,
        open_decided(store, manifest) as decided,
    ):
        yield (
            RepeatableTables(lambda: batches(rows, [*_PAIR, "score"])),
            Decided(RepeatableTables(lambda: _decided(decided, receives=has_decided(manifest)))),
        )


def _decided(files: Sequence[Path], *, receives: bool) -> Iterator[pa.Table]:
    """Tables of user_id and receives; True where the files are those of rows."""
    for table in batches(files, ["user_id", "receives"] if receives else ["user_id"]):
        if not receives:
            table = table.append_column("receives", pa.repeat(True, table.num_rows))
        yield table


def read_seen_since(engine: "Engine", since: datetime) -> pa.Table:
    """Read the pairs of users and posts that were seen since an instant.

    Args:
        engine: The app's database.
        since: Naive UTC.

    Returns:
        Distinct pairs of user_id and post_id.
    """
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
    """Remove the pairs that were seen.

    Args:
        table: Rows with user_id, post_id and score.
        seen: Pairs of user_id and post_id.

    Returns:
        The remaining rows, by user_id and descending score.
    """
    kept = table.join(seen, keys=_PAIR, join_type="left anti")
    return kept.sort_by([("user_id", "ascending"), ("score", "descending")])
