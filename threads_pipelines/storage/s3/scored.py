"""Scored rows of a version as Parquet: one file, or parts in the order of their names.

Rows are sorted by user id (code points) and rank. A row group holds the whole feeds of its users.
A night has parts under ``recommendations/``. A refresh, and the nights of earlier releases, have
``recommendations.parquet``.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Ids
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.versions.manifest import Manifest
from threads_pipelines.storage.s3.versions.scored_file import write_scored

RECOMMENDATIONS = "recommendations.parquet"
PARTS = "recommendations/"


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
    with store.writing(partition, version, RECOMMENDATIONS) as draft:
        draft.rows = write_scored(draft.path, chunks, user_ids, post_ids)
    return store.manifest(partition, version)


def is_scored(name: str) -> bool:
    """Return whether a file of a version holds scored rows.

    Args:
        name: Name of the file in the manifest.

    Returns:
        Whether it does.
    """
    return name == RECOMMENDATIONS or name.startswith(PARTS)


def scored_files(manifest: Manifest) -> list[str]:
    """List the files that hold the scored rows of a version.

    Args:
        manifest: The manifest of the version.

    Returns:
        Names in the manifest, in the order of their rows; at least one.

    Raises:
        ArtefactError: The version has no scored rows.
    """
    names = sorted(name for name in manifest.files if is_scored(name))
    if not names:
        raise ArtefactError(
            f"{manifest.prefix} has no recommendations: materialize the asset that writes them"
        )
    return names


def scored_checksum(manifest: Manifest) -> str:
    """Return the checksum of the scored rows of a version.

    Args:
        manifest: The manifest of the version.

    Returns:
        SHA-256 in hexadecimal: of the file, or, where there are several, of their checksums.

    Raises:
        ArtefactError: The version has no scored rows.
    """
    checksums = [manifest.files[name].sha256 for name in scored_files(manifest)]
    if len(checksums) == 1:
        return checksums[0]
    return hashlib.sha256("\n".join(checksums).encode()).hexdigest()


@contextmanager
def open_scored(
    store: ArtefactStore, partition: str, version: str | None = None
) -> Iterator[list[Path]]:
    """Yield local copies of the files of scored rows, to be read with ``batches``.

    All files are present and verified before the first row is read. They are deleted at the end.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version. Default: the current one.

    Yields:
        The files, in the order of their rows.

    Raises:
        ArtefactError: A file is missing or damaged.
    """
    manifest = store.manifest(partition, version)
    with store.reading_files(manifest, scored_files(manifest)) as files:
        yield files


def batches(
    files: Iterable[Path], columns: list[str] | None = None, users: Sequence[str] | None = None
) -> Iterator[pa.Table]:
    """Read Parquet files by row groups.

    Args:
        files: The files, in the order of their rows.
        columns: Names of the columns. Default: all.
        users: Ids of the only users to read, where ``columns`` has ``user_id``. Default: all.

    Yields:
        One table for each row group, in order.
    """
    for path in files:
        with pq.ParquetFile(path) as file:
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=columns)
                if users is not None:
                    table = table.filter(pc.is_in(table["user_id"], pa.array(users, pa.string())))
                yield table
