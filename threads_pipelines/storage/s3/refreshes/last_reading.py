"""``cache/reading.npz``: the last reading, so that the next one reads only what changed.

It is a cache: if it is missing or unreadable, everything is read from the database.
"""

from pathlib import Path

from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.scratch import temporary_file
from threads_pipelines.storage.s3.versions.packing import Arrays, read_arrays, write_arrays

KEY = "cache/reading.npz"


def save_reading(store: ObjectStore, arrays: Arrays, scratch: Path) -> None:
    """Replace the cached reading.

    Args:
        store: The bucket.
        arrays: Arrays by name.
        scratch: Local folder for files on their way to S3.
    """
    with temporary_file(scratch, "reading.npz") as path:
        write_arrays(path, arrays)
        store.upload(path, KEY)


def load_reading(store: ObjectStore, scratch: Path) -> Arrays | None:
    """Load the cached reading.

    Args:
        store: The bucket.
        scratch: Local folder for files on their way from S3.

    Returns:
        Arrays by name; None if nothing is cached.

    Raises:
        ArtefactError: The object is not an array file, or its checksums are wrong.
    """
    if not store.exists(KEY):
        return None
    with temporary_file(scratch, "reading.npz") as path:
        store.download(KEY, path)
        return read_arrays(path)
