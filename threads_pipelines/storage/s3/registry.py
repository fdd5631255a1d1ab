"""``models/registry.json``: all versions, their metrics, and the one that is served.

Every change is a conditional put of the whole file, so two writers never lose each other's entry.
"""

from collections.abc import Callable
from dataclasses import asdict, replace

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.documents import read_document, write_document
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.stored_json import parse_json, typed
from threads_pipelines.storage.s3.versions.registered import PUBLISHED, Entry, Registry, Status

KEY = "models/registry.json"
_ATTEMPTS = 50


def read_registry(store: ObjectStore) -> Registry:
    """Read the registry.

    Args:
        store: The bucket.

    Returns:
        The registry; an empty one if none was written.

    Raises:
        ObjectStorageError: The registry and its copy are broken.
    """
    return _read(store)[0]


def register(store: ObjectStore, entry: Entry) -> Registry:
    """Add a version that passed its checks, or replace its entry. A served version stays served.

    Args:
        store: The bucket.
        entry: The entry.

    Returns:
        The stored registry.
    """
    return _change(store, lambda registry: replace(registry, entries=_with(registry, entry)))


def activate(store: ObjectStore, version: str) -> Registry:
    """Mark a version as the one that is served, and retire the one before it.

    Args:
        store: The bucket.
        version: Name of the version.

    Returns:
        The stored registry.

    Raises:
        ArtefactError: There is no such version, or it did not pass its checks.
    """

    def change(registry: Registry) -> Registry:
        registry.checked(version)
        latest = max(entry.served for entry in registry.entries)
        return replace(
            registry,
            entries=tuple(
                replace(entry, status="active", served=latest + 1)
                if entry.version == version
                else replace(entry, status="retired" if entry.status == "active" else entry.status)
                for entry in registry.entries
            ),
        )

    return _change(store, change)


def forget(store: ObjectStore, version: str) -> Registry:
    """Remove the entry of a deleted version.

    Args:
        store: The bucket.
        version: Name of the version.

    Returns:
        The stored registry.
    """

    def change(registry: Registry) -> Registry:
        kept = tuple(entry for entry in registry.entries if entry.version != version)
        return replace(registry, entries=kept)

    return _change(store, change)


def _with(registry: Registry, entry: Entry) -> tuple[Entry, ...]:
    versions = [old.version for old in registry.entries]
    if entry.version not in versions:
        return (*registry.entries, entry)
    row = versions.index(entry.version)
    old = registry.entries[row]
    status: Status = old.status if old.status in PUBLISHED else entry.status
    kept = replace(entry, status=status, served=old.served)
    return (*registry.entries[:row], kept, *registry.entries[row + 1 :])


def _change(store: ObjectStore, change: Callable[[Registry], Registry]) -> Registry:
    for _ in range(_ATTEMPTS):
        old, tag = _read(store)
        new = change(old)
        if new == old or write_document(store, KEY, json_bytes(asdict(new)), tag):
            return new
    raise ArtefactError(f"{KEY} changes too often to be written: run the step again")


def _read(store: ObjectStore) -> tuple[Registry, str | None]:
    return read_document(store, KEY, _parsed) or (Registry(), None)


def _parsed(content: bytes) -> Registry:
    value = parse_json(content)
    former_pin = value.get("former_pin", value.get("pin"))
    return Registry(tuple(typed(Entry, entry) for entry in value["entries"]), former_pin)
