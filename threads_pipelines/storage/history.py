"""Checks that what is in the bucket was made from the connected database.

Versions, tuned settings and the starts of experiments carry the identity of their database. The
history belongs to the database of its latest version. What belongs to another database is refused
until ``threads-pipelines adopt`` binds it, for instance after a restore or an upgrade.
"""

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from threads_pipelines.dataset.version_facts import DatabaseIdentity
from threads_pipelines.errors import ArtefactError, ForeignHistoryError
from threads_pipelines.experiment.settings import ExperimentSettings
from threads_pipelines.storage.postgres.server_identity import read_identity
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.documents import read_document, write_document
from threads_pipelines.storage.s3.experiment_start import read_start_database
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.stored_json import identity_in
from threads_pipelines.storage.s3.versions.manifest import Manifest

if TYPE_CHECKING:
    from sqlalchemy import Engine

KEY = "models/adopted.json"
_ATTEMPTS = 20
_FOLDERS = ("tuning/", "experiments/")
"""Folders of other documents that carry the identity of a database."""


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
    for name, theirs in _versions(store):
        return require_same(store.objects, theirs, read_identity(engine), f"version {name}")
    return ""


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
    return require_same(store.objects, theirs, ours, f"version {manifest.version}")


def require_own_start(
    engine: "Engine", objects: ObjectStore, experiment: ExperimentSettings
) -> DatabaseIdentity:
    """Refuse an experiment that was begun on another database.

    Args:
        engine: The app's database.
        objects: The bucket.
        experiment: Name and participants of the experiment.

    Returns:
        The identity of the app's database.

    Raises:
        ForeignHistoryError: The start of the experiment belongs to another database.
    """
    ours, theirs = read_identity(engine), read_start_database(objects, experiment)
    require_same(objects, theirs, ours, f"the start of experiment {experiment.name!r}")
    return ours


def require_same(
    objects: ObjectStore,
    theirs: DatabaseIdentity | None,
    ours: DatabaseIdentity | None,
    what: str,
) -> str:
    """Refuse what belongs to another database, unless it was adopted.

    Args:
        objects: The bucket.
        theirs: The database that it was made from; None if it was stored before this was recorded.
        ours: The database that is used now; None if that is not known.
        what: What it is, for the message.

    Returns:
        A warning if the same server has another address; otherwise empty.

    Raises:
        ForeignHistoryError: It belongs to another database.
    """
    if theirs is None or ours is None:
        return ""
    if theirs != ours and str(theirs) not in _adopted(objects).get(str(ours), []):
        raise ForeignHistoryError(
            f"{what} in bucket {objects.bucket!r} was made from the database {theirs}, and "
            f"DATABASE_URL names {ours}: correct DATABASE_URL, or give this database a bucket of "
            "its own (S3_BUCKET); where it is the same data, restored or moved, run "
            "`threads-pipelines adopt`"
        )
    if theirs == ours and theirs.address != ours.address:
        return (
            f"{what} was made from this server at {theirs.address}, which is now reached at "
            f"{ours.address}: if this is a clone, give it a bucket of its own"
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
    found = {str(database) for _, database in _versions(store)}
    found |= {str(database) for database in _documents(store.objects)}
    for _ in range(_ATTEMPTS):
        stored = read_document(store.objects, KEY, _parsed)
        adopted, tag = stored or ({}, None)
        known = adopted.get(str(ours), [])
        new = sorted(found - {str(ours)} - set(known))
        content = json_bytes({**adopted, str(ours): [*known, *new]})
        if not new or write_document(store.objects, KEY, content, tag):
            return new
    raise ArtefactError(f"{KEY} changes too often to be written: try again")


def _versions(store: ArtefactStore) -> Iterator[tuple[str, DatabaseIdentity]]:
    """Registered versions of known databases, latest first.

    Earlier releases registered a version without its database, which is in the manifest then.
    """
    for entry in reversed(read_registry(store.objects).entries):
        database = entry.database
        if database is None:
            try:
                database = store.manifest(entry.partition, entry.version).facts.database
            except ArtefactError:  # pruned, or broken: whoever needs this version is told
                continue
        if database is not None:
            yield entry.version, database


def _documents(objects: ObjectStore) -> Iterator[DatabaseIdentity]:
    """Databases of the tuned settings and of the starts of experiments."""
    for folder in _FOLDERS:
        for item in objects.listing(folder):
            database = identity_in(objects.get_json(item.key), item.key)
            if database is not None:
                yield database


def _adopted(objects: ObjectStore) -> dict[str, list[str]]:
    stored = read_document(objects, KEY, _parsed)
    return stored[0] if stored else {}


def _parsed(content: bytes) -> dict[str, list[str]]:
    value = json.loads(content)
    return {str(ours): [str(other) for other in others] for ours, others in value.items()}
