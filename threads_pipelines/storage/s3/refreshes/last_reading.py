"""``cache/reading.npz``: what the last reading kept, so that the next one reads only what changed.

It is a cache: where it is missing or cannot be read, everything is read from the database.
"""

from pathlib import Path

from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.scratch import temporary_file
from threads_pipelines.storage.s3.versions.packing import Arrays, read_arrays, write_arrays

KEY = "cache/reading.npz"


def save_reading(store: ObjectStore, arrays: Arrays, scratch: Path) -> None:
    """Replace what is kept. scratch: a local folder for files on their way."""
    with temporary_file(scratch, "reading.npz") as path:
        write_arrays(path, arrays)
        store.upload(path, KEY)


def load_reading(store: ObjectStore, scratch: Path) -> Arrays | None:
    """What was kept, None where nothing was.

    Raises:
        ArtefactError: What is there is no array file, or its checksums are wrong.
    """
    if not store.exists(KEY):
        return None
    with temporary_file(scratch, "reading.npz") as path:
        store.download(KEY, path)
        return read_arrays(path)
