"""Uploads the seed files to S3."""

from pathlib import Path

from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.storage.s3.objects import ObjectStore


def upload_seeds(store: ObjectStore, folder: Path, *, replace: bool = True) -> list[str]:
    """Upload the JSON files of a folder to ``seeds/``.

    Args:
        store: The bucket.
        folder: The folder.
        replace: Replace objects that exist.

    Returns:
        The keys written.

    Raises:
        ObjectStorageError: The folder has no JSON file.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise ObjectStorageError(f"{folder} holds no seed file (*.json)")
    written = []
    for path in paths:
        key, content = f"seeds/{path.name}", path.read_bytes()
        if replace:
            store.put(key, content, content_type="application/json")
        elif not store.put_if(key, content, None):
            continue
        written.append(key)
    return written
