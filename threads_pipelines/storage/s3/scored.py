"""Scored rows as the Parquet file ``recommendations.parquet`` of a version, written as a stream.

Rows are sorted by user id (code points) and rank. A row group holds the whole feeds of its users.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from threads_pipelines.dataset.scored_rows import FRESH_TOPIC, REASONS, SIMILAR_POST, ScoredRows
from threads_pipelines.dataset.snapshot import Ids
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.versions.manifest import Manifest

RECOMMENDATIONS = "recommendations.parquet"
ROWS_PER_GROUP = 100_000
SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("post_id", pa.string(), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("rank", pa.int16(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("evidence", pa.string()),
    ]
)


def save_scored(
    store: ArtefactStore,
    partition: str,
    version: str,
    chunks: Iterable[ScoredRows],
    user_ids: Ids,
    post_ids: Ids,
) -> Manifest:
    """Store scored rows. One chunk is in memory at a time.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        chunks: Rows in ascending order of user; the rows of one user are in one chunk.
        user_ids: (n_users,) ids of the snapshot.
        post_ids: (n_posts,) ids of the snapshot.

    Returns:
        The stored manifest.
    """
    users, posts = pa.array(user_ids, pa.string()), pa.array(post_ids, pa.string())
    with store.writing(partition, version, RECOMMENDATIONS) as draft:
        rows = 0
        with pq.ParquetWriter(draft.path, SCHEMA, compression="zstd") as writer:
            for chunk in chunks:
                for part in _whole_users(chunk):
                    writer.write_table(_table(part, users, posts), row_group_size=len(part))
                    rows += len(part)
        draft.rows = rows
    return store.manifest(partition, version)


@contextmanager
def open_scored(
    store: ArtefactStore, partition: str, version: str | None = None
) -> Iterator[pq.ParquetFile]:
    """Yield the Parquet file of a version, to be read with ``batches``.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version. Default: the current one.

    Yields:
        The file, whose checksum was verified.

    Raises:
        ArtefactError: The file is missing or damaged.
    """
    with (
        store.reading(partition, RECOMMENDATIONS, version) as path,
        pq.ParquetFile(path) as file,
    ):
        yield file


def batches(file: pq.ParquetFile, columns: list[str] | None = None) -> Iterator[pa.Table]:
    """Read a Parquet file by row groups.

    Args:
        file: The file.
        columns: Names of the columns. Default: all.

    Yields:
        One table for each row group, in order.
    """
    for group in range(file.num_row_groups):
        yield file.read_row_group(group, columns=columns)


def _whole_users(rows: ScoredRows) -> Iterator[ScoredRows]:
    """Cut a chunk between users, at about the size of a row group."""
    starts = np.flatnonzero(np.diff(rows.user, prepend=-1))
    cut = 0
    while cut < len(rows):
        following = np.searchsorted(starts, cut + ROWS_PER_GROUP)
        end = int(starts[following]) if following < len(starts) else len(rows)
        yield ScoredRows(
            *(getattr(rows, name)[cut:end] for name in ScoredRows.__dataclass_fields__)
        )
        cut = end


def _table(rows: ScoredRows, users: pa.Array, posts: pa.Array) -> pa.Table:
    names_post = np.isin(rows.reason, (SIMILAR_POST, FRESH_TOPIC))
    evidence = pc.if_else(
        pa.array(names_post),
        posts.take(pa.array(np.where(names_post, rows.evidence, 0))),
        pc.cast(pa.array(rows.evidence), pa.string()),
    )
    reasons = pa.array(REASONS, pa.string())
    columns = [
        users.take(pa.array(rows.user)),
        posts.take(pa.array(rows.post)),
        pa.array(rows.score),
        pa.array(rows.rank),
        reasons.take(pa.array(rows.reason)),
        evidence,
    ]
    return pa.Table.from_arrays(columns, schema=SCHEMA)
