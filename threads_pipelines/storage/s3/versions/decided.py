"""The accounts that a version decides about, as the Parquet file ``decided.parquet``.

Whoever is in it gets the version's rows, and none where it has none. Sorted by user id (code
points).
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
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
    """Store whom a version decides about.

    Args:
        store: Where the versions are.
        partition: Day of the version.
        version: Name of the version.
        user_ids: (n,) str, sorted by code points.
        receives: (n,) bool; False where an account is left without rows on purpose.
    """
    table = pa.Table.from_arrays(
        [pa.array(user_ids, pa.string()), pa.array(receives)], schema=SCHEMA
    )
    with store.writing(partition, version, DECIDED) as draft:
        pq.write_table(table, draft.path, compression="zstd", row_group_size=_ROWS_PER_GROUP)
        draft.rows = table.num_rows
    return store.manifest(partition, version)


def has_decided(manifest: Manifest) -> bool:
    """Tell whether a version says whom it decides about; those of earlier releases do not."""
    return DECIDED in manifest.files


@contextmanager
def open_decided(store: ArtefactStore, manifest: Manifest) -> Iterator[list[Path]]:
    """Yield verified local copies of the files; read them with ``scored.batches``.

    Of a version that was stored before there were such files they are the files of its rows:
    whoever has any is decided about.
    """
    names = [DECIDED] if has_decided(manifest) else scored_files(manifest)
    with ExitStack() as files:
        yield [
            files.enter_context(store.reading(manifest.partition, name, manifest.version))
            for name in names
        ]
