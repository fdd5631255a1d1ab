"""Checks that the versions in the bucket were made from the connected database.

The history belongs to the database of its latest version. The history of another database is
refused until ``threads-pipelines adopt`` binds it, for instance after a restore or an upgrade.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from threads_pipelines.errors import ArtefactError, ForeignHistoryError
from threads_pipelines.storage.postgres.server_identity import read_identity
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.documents import read_document, write_document
from threads_pipelines.storage.s3.objects import json_bytes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.versions.manifest import Manifest

if TYPE_CHECKING:
    from sqlalchemy import Engine

KEY = "models/adopted.json"
_ATTEMPTS = 20


def require_own_history(engine: "Engine", store: ArtefactStore) -> str:
    """Refuse to continue if the latest version was made from another database.

    Args:
        engine: The app's database.
        store: The versions.

    Returns:
        A warning if the same server has another address; otherwise empty.

    Raises:
        ForeignHistoryError: The history belongs to another database.
    """
    latest = _latest(store)
    return require_own(engine, store, latest) if latest else ""


def require_own(engine: "Engine", store: ArtefactStore, manifest: Manifest) -> str:
    """Refuse a version that was made from another database.

    Args:
        engine: The app's database.
        store: The versions.
        manifest: Manifest of the version.

    Returns:
        A warning if the same server has another address; otherwise empty.

    Raises:
        ForeignHistoryError: The version belongs to another database.
    """
    theirs, ours = manifest.facts.database, read_identity(engine)
    if theirs is None:  # stored before the identity was noted
        return ""
    if theirs != ours and str(theirs) not in _adopted(store).get(str(ours), []):
        raise ForeignHistoryError(
            f"version {manifest.version} in bucket {store.objects.bucket!r} was made from the "
            f"database {theirs}, and DATABASE_URL names {ours}: correct DATABASE_URL, or give "
            "this database a bucket of its own (S3_BUCKET); where it is the same data, restored or "
            "moved, run `threads-pipelines adopt`"
        )
    if theirs == ours and theirs.address != ours.address:
        return (
            f"version {manifest.version} was made from this server at {theirs.address}, which is "
            f"now reached at {ours.address}: if this is a clone, give it a bucket of its own"
        )
    return ""


def adopt(engine: "Engine", store: ArtefactStore) -> list[str]:
    """Bind the history in the bucket to the connected database.

    Args:
        engine: The app's database.
        store: The versions.

    Returns:
        The databases, as text, whose versions this database may use from now on.

    Raises:
        ArtefactError: Other processes change the record too often.
    """
    ours = read_identity(engine)
    found = {str(made.facts.database) for made in _manifests(store) if made.facts.database}
    for _ in range(_ATTEMPTS):
        stored = read_document(store.objects, KEY, _parsed)
        adopted, tag = stored or ({}, None)
        known = adopted.get(str(ours), [])
        new = sorted(found - {str(ours)} - set(known))
        content = json_bytes({**adopted, str(ours): [*known, *new]})
        if not new or write_document(store.objects, KEY, content, tag):
            return new
    raise ArtefactError(f"{KEY} changes too often to be written: try again")


def _latest(store: ArtefactStore) -> Manifest | None:
    return next((made for made in _manifests(store) if made.facts.database), None)


def _manifests(store: ArtefactStore) -> Iterator[Manifest]:
    """Read the manifests of the registered versions, latest first; deleted ones are left out."""
    for entry in reversed(read_registry(store.objects).entries):
        try:
            yield store.manifest(entry.partition, entry.version)
        except ArtefactError:  # pruned, or broken: whoever needs this version is told
            continue


def _adopted(store: ArtefactStore) -> dict[str, list[str]]:
    stored = read_document(store.objects, KEY, _parsed)
    return stored[0] if stored else {}


def _parsed(content: bytes) -> dict[str, list[str]]:
    value = json.loads(content)
    return {str(ours): [str(other) for other in others] for ours, others in value.items()}
