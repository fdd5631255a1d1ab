"""The accounts that a version decides about, as the Parquet file ``decided.parquet``.

An account in it gets the version's rows, or none if the version has none for it. Accounts are
sorted by id (code points).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from threads_pipelines.dataset.snapshot import Ids, Mask
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.scored import scored_files
from threads_pipelines.storage.s3.versions.manifest import Manifest

DECIDED = "decided.parquet"
SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("receives", pa.bool_(), nullable=False),
    ]
)
_ROWS_PER_GROUP = 200_000


def save_decided(
    store: ArtefactStore, partition: str, version: str, user_ids: Ids, receives: Mask
) -> Manifest:
    """Store which accounts a version decides about.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        user_ids: (n,) str, sorted by code points.
        receives: (n,) bool; False for an account that intentionally gets no rows.

    Returns:
        The stored manifest.
    """
    table = pa.Table.from_arrays(
        [pa.array(user_ids, pa.string()), pa.array(receives)], schema=SCHEMA
    )
    with store.writing(partition, version, DECIDED) as draft:
        pq.write_table(table, draft.path, compression="zstd", row_group_size=_ROWS_PER_GROUP)
        draft.rows = table.num_rows
    return store.manifest(partition, version)


def has_decided(manifest: Manifest) -> bool:
    """Return whether a version lists the accounts that it decides about.

    Versions of earlier releases do not.

    Args:
        manifest: Manifest of the version.

    Returns:
        Whether it does.
    """
    return DECIDED in manifest.files


@contextmanager
def open_decided(store: ArtefactStore, manifest: Manifest) -> Iterator[list[Path]]:
    """Yield verified local copies of the files, to be read with ``scored.batches``.

    For a version without such a file these are the files of its rows, because it decides about
    every account with rows.

    Args:
        store: The versions.
        manifest: Manifest of the version.

    Yields:
        The files.

    Raises:
        ArtefactError: A file is missing or damaged.
    """
    names = [DECIDED] if has_decided(manifest) else scored_files(manifest)
    with store.reading_files(manifest, names) as files:
        yield files
