"""Tables as objects for people and notebooks: JSON, and Parquet for large tables."""

import json
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.scratch import temporary_file

MOST_JSON_ROWS = 100_000
SAMPLE_ROWS = 1_000


def export_rows(
    store: ObjectStore,
    prefix: str,
    tables: Iterable[pa.Table],
    rows: int,
    scratch: Path,
    most_json_rows: int = MOST_JSON_ROWS,
) -> list[str]:
    """Write a table as JSON, or as Parquet with a JSON sample if it is large.

    Args:
        store: The bucket.
        prefix: Key without its ending.
        tables: The rows, in one or more tables; one is in memory at a time.
        rows: Total number of rows.
        scratch: Local folder for the Parquet file.
        most_json_rows: Number of rows up to which ``<prefix>.json`` holds all rows. Above it
            ``<prefix>.parquet`` does, and the JSON holds the first rows.

    Returns:
        The keys written.
    """
    stream = iter(tables)
    if rows <= most_json_rows:
        _put_json(store, prefix, list(stream))
        return [f"{prefix}.json"]
    first = next(stream)
    with temporary_file(scratch, "rows.parquet") as path:
        with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
            for table in chain([first], stream):
                writer.write_table(table)
        store.upload(path, f"{prefix}.parquet")
    _put_json(store, prefix, [first.slice(0, SAMPLE_ROWS)])
    return [f"{prefix}.parquet", f"{prefix}.json"]


def _put_json(store: ObjectStore, prefix: str, tables: Iterable[pa.Table]) -> None:
    lines = (
        json.dumps(row, ensure_ascii=False, default=_plain)
        for table in tables
        for row in table.to_pylist()
    )
    content = "[\n" + ",\n".join(lines) + "\n]\n"
    store.put(f"{prefix}.json", content.encode(), content_type="application/json")


def _plain(value: Any) -> str:
    """Format a time as ISO 8601; other types that JSON does not know are an error of the caller."""
    return str(value.isoformat())
