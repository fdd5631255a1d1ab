"""The catalogue of generated posts: one Parquet file for each run key, written once.

It holds topic, tags, template and source, for which the app's schema has no columns.
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
    """Write the catalogue of a run key, unless it exists.

    Args:
        store: The bucket.
        key: Key of the catalogue.
        rows: One dictionary for each post, with the columns of the schema.

    Returns:
        False if another run has already written it.
    """
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), SCHEMA), buffer, compression="zstd")
    return store.put_if(key, buffer.getvalue(), None)


def load_catalogue(store: ObjectStore, key: str) -> pa.Table:
    """Read the catalogue of a run key.

    Args:
        store: The bucket.
        key: Key of the catalogue.

    Returns:
        One row for each post.

    Raises:
        ArtefactError: The object is not a catalogue.
    """
    try:
        return pq.read_table(io.BytesIO(store.get(key)), schema=SCHEMA)
    except pa.ArrowException as error:
        raise ArtefactError(f"{key} is not a catalogue ({error}): delete it") from error


def topics_of_posts(store: ObjectStore) -> dict[str, str]:
    """Read the topics of all catalogued posts, of every run key.

    Args:
        store: The bucket.

    Returns:
        Topic by post id.
    """
    pairs: dict[str, str] = {}
    for table in _catalogues(store):
        pairs.update(zip(table["post_id"].to_pylist(), table["topic"].to_pylist(), strict=True))
    return pairs


def sources_of_posts(store: ObjectStore) -> list[str]:
    """Read who wrote the catalogued posts, of every run key.

    Args:
        store: The bucket.

    Returns:
        ``gemma`` or ``template`` for each post.
    """
    return [source for table in _catalogues(store) for source in table["source"].to_pylist()]


def _catalogues(store: ObjectStore) -> Iterator[pa.Table]:
    for item in store.listing(FOLDER):
        yield load_catalogue(store, item.key)
