"""Parts of a version's scored rows: written one by one, and named together at the end.

A part is a Parquet file under ``models/<partition>/<version>/recommendations/``. Its name depends
on its input, and its metadata has its checksum, so that a run that continues after a kill finds the
finished parts. The manifest names all parts in one write, after the last one is stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from threads_pipelines.storage.s3.artefacts import ArtefactStore, sha256_of
from threads_pipelines.storage.s3.pointers import ROOT
from threads_pipelines.storage.s3.scored import PARTS, is_scored
from threads_pipelines.storage.s3.scratch import temporary_file
from threads_pipelines.storage.s3.versions.manifest import Manifest, StoredFile

_SHA256, _ROWS = "sha256", "rows"


def find_part(store: ArtefactStore, partition: str, version: str, name: str) -> StoredFile | None:
    """Find a stored part.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        name: File name of the part.

    Returns:
        The stored file; None if it is missing or damaged.
    """
    key = _key(partition, version, name)
    told = store.objects.metadata(key)
    if told is None or not told.get(_ROWS, "").isdecimal():
        return None
    with temporary_file(store.scratch, name) as path:
        store.objects.download(key, path)
        if sha256_of(path) != told.get(_SHA256):
            return None
        return StoredFile(told[_SHA256], path.stat().st_size, int(told[_ROWS]))


def save_part(
    store: ArtefactStore, partition: str, version: str, name: str, fill: Callable[[Path], int]
) -> StoredFile:
    """Store a part.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        name: File name of the part.
        fill: Writes the file and returns its number of rows.

    Returns:
        The stored file.
    """
    with temporary_file(store.scratch, name) as path:
        rows = fill(path)
        stored = StoredFile(sha256_of(path), path.stat().st_size, rows)
        told = {_SHA256: stored.sha256, _ROWS: str(rows)}
        store.objects.upload(path, _key(partition, version, name), metadata=told)
    return stored


def set_parts(
    store: ArtefactStore, partition: str, version: str, parts: Mapping[str, StoredFile]
) -> Manifest:
    """Make parts the version's scored rows, and delete all its other parts.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        parts: The parts by file name.

    Returns:
        The stored manifest.
    """
    named = {PARTS + name: file for name, file in parts.items()}

    def change(old: Manifest) -> Manifest:
        others = {name: file for name, file in old.files.items() if not is_scored(name)}
        return replace(old, files={**others, **named})

    manifest = store.change_manifest(partition, version, change)
    for item in list(store.objects.listing(manifest.prefix + PARTS)):
        if item.key.removeprefix(manifest.prefix) not in manifest.files:
            store.objects.delete(item.key)
    return manifest


def _key(partition: str, version: str, name: str) -> str:
    return f"{ROOT}/{partition}/{version}/{PARTS}{name}"
