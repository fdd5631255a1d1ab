"""Scored rows as a local Parquet file.

Rows are sorted by user id (code points) and rank. A row group holds the whole feeds of its users.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from threads_pipelines.dataset.scored_rows import FRESH_TOPIC, REASONS, SIMILAR_POST, ScoredRows
from threads_pipelines.dataset.snapshot import Ids

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


def write_scored(path: Path, chunks: Iterable[ScoredRows], user_ids: Ids, post_ids: Ids) -> int:
    """Write scored rows to a local file. One chunk is in memory at a time.

    Args:
        path: The file; it is replaced.
        chunks: Rows in ascending order of user; the rows of one user are in one chunk.
        user_ids: (n_users,) ids of the snapshot.
        post_ids: (n_posts,) ids of the snapshot.

    Returns:
        The number of rows.
    """
    users, posts = pa.array(user_ids, pa.string()), pa.array(post_ids, pa.string())
    rows = 0
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for chunk in chunks:
            for part in _whole_users(chunk):
                writer.write_table(_table(part, users, posts), row_group_size=len(part))
                rows += len(part)
    return rows


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
