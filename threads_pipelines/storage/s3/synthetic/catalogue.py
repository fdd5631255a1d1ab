"""What each generated post is about: a Parquet file a run key, written once.

The app's schema has no place for topic, tags, template and source; this is where they live.
"""

import io
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.objects import ObjectStore

FOLDER = "generated/catalogue/"
SCHEMA = pa.schema(
    [
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("seed_id", pa.string(), nullable=False),
        pa.field("topic", pa.string(), nullable=False),
        pa.field("tags", pa.list_(pa.string()), nullable=False),
        pa.field("variation", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
    ]
)


def save_catalogue(store: ObjectStore, key: str, rows: Sequence[dict[str, Any]]) -> bool:
    """Write the catalogue of a run key; returns False where another run has written it already."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), SCHEMA), buffer, compression="zstd")
    return store.put_if(key, buffer.getvalue(), None)


def load_catalogue(store: ObjectStore, key: str) -> pa.Table:
    """Read the catalogue of a run key; ArtefactError where the object is no catalogue."""
    try:
        return pq.read_table(io.BytesIO(store.get(key)), schema=SCHEMA)
    except pa.ArrowException as error:
        raise ArtefactError(f"{key} is not a catalogue ({error}): delete it") from error


def topics_of_posts(store: ObjectStore) -> dict[str, str]:
    """Topic of every catalogued post, whichever run key made it, by post id."""
    pairs: dict[str, str] = {}
    for table in _catalogues(store):
        pairs.update(zip(table["post_id"].to_pylist(), table["topic"].to_pylist(), strict=True))
    return pairs


def sources_of_posts(store: ObjectStore) -> list[str]:
    """Who wrote each catalogued post: "gemma" or "template"."""
    return [source for table in _catalogues(store) for source in table["source"].to_pylist()]


def _catalogues(store: ObjectStore) -> Iterator[pa.Table]:
    for item in store.listing(FOLDER):
        yield load_catalogue(store, item.key)
