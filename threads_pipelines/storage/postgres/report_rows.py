"""Rows for the exports, streamed from the database in batches of typed columns."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

_BLOCK = 20_000
INTERACTIONS = pa.schema(
    [
        pa.field("id", pa.string()),
        pa.field("created_at", pa.timestamp("ms")),
        pa.field("user_id", pa.string()),
        pa.field("username", pa.string()),
        pa.field("post_id", pa.string()),
        pa.field("post", pa.string()),
        pa.field("interaction_type", pa.string()),
        pa.field("metadata", pa.string()),
    ]
)
RECOMMENDATIONS = pa.schema(
    [
        pa.field("user_id", pa.string()),
        pa.field("username", pa.string()),
        pa.field("post_id", pa.string()),
        pa.field("post", pa.string()),
        pa.field("score", pa.float64()),
        pa.field("generated_at", pa.timestamp("ms")),
        pa.field("expires_at", pa.timestamp("ms")),
    ]
)


def interactions(
    engine: "Engine", since: datetime, until: datetime, excluded: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """Read the interactions in [since, until).

    Args:
        engine: The app's database.
        since: Naive UTC.
        until: Naive UTC.
        excluded: Ids of accounts to leave out.

    Yields:
        Batches of rows.
    """
    given = {"since": since, "until": until, "excluded": list(excluded)}
    return _stream(engine, "export_interactions", given, INTERACTIONS)


def recommendations(
    engine: "Engine", now: datetime, excluded: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    """Read the recommendations that are live at ``now``.

    Args:
        engine: The app's database.
        now: Naive UTC.
        excluded: Ids of accounts to leave out.

    Yields:
        Batches of rows.
    """
    given = {"now": now, "excluded": list(excluded)}
    return _stream(engine, "export_recommendations", given, RECOMMENDATIONS)


def _stream(
    engine: "Engine", name: str, given: dict[str, Any], schema: pa.Schema
) -> Iterator[pa.RecordBatch]:
    with session(engine) as connection, connection.cursor("report_rows") as cursor:
        cursor.execute(statement(name), given)
        while rows := cursor.fetchmany(_BLOCK):
            columns = [
                pa.array(values, field.type)
                for values, field in zip(zip(*rows, strict=True), schema, strict=True)
            ]
            yield pa.record_batch(columns, schema=schema)
