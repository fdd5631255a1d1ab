"""Small documents that the pipeline depends on, each with a last good copy.

The copy of ``models/registry.json`` is ``models/registry.json.copy``. A write replaces the document
under a condition and then the copy. A reader that finds a broken or missing document restores it
from the copy and logs a warning.
"""

import logging
from collections.abc import Callable
from typing import TypeVar

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.stored_json import UNREADABLE, fault_of

Value = TypeVar("Value")
_LOG = logging.getLogger(__name__)
_ATTEMPTS = 5


def copy_of(key: str) -> str:
    """Return the key of a document's last good copy.

    Args:
        key: Key of the document.

    Returns:
        The key of the copy.
    """
    return f"{key}.copy"


def read_document(
    store: ObjectStore, key: str, parse: Callable[[bytes], Value]
) -> tuple[Value, str] | None:
    """Read a document; restore it from its copy if it is broken or missing.

    Args:
        store: The bucket.
        key: Key of the document.
        parse: Parses the content; raises ValueError, KeyError or TypeError for a broken document.

    Returns:
        The parsed document and its entity tag; None if both document and copy are missing.

    Raises:
        ObjectStorageError: Both are broken, or one is broken and the other missing.
    """
    for _ in range(_ATTEMPTS):
        found = store.get_with_tag(key)
        if found is not None:
            try:
                return parse(found[0]), found[1]
            except UNREADABLE as error:
                fault = f"is broken ({fault_of(error)})"
        else:
            fault = "is missing"
        copy = store.get_with_tag(copy_of(key))
        if copy is None:
            if found is None:
                return None
            raise ArtefactError(f"{key} {fault} and has no copy: restore it, or delete it")
        try:
            parse(copy[0])
        except UNREADABLE as error:
            raise ArtefactError(
                f"{key} {fault}, and so is {copy_of(key)} ({fault_of(error)}): "
                "restore one of them, or delete both"
            ) from error
        if store.put_if(key, copy[0], found and found[1]):
            _LOG.warning("%s %s: restored from its last good copy %s", key, fault, copy_of(key))
    raise ArtefactError(f"{key} changes too often to be read: run the step again")


def write_document(store: ObjectStore, key: str, content: bytes, tag: str | None) -> bool:
    """Write a document if it is unchanged, then its copy.

    Args:
        store: The bucket.
        key: Key of the document.
        content: The new content.
        tag: Entity tag that the document must still have; None if it must be missing.

    Returns:
        False if another writer changed the document first; nothing is written then.
    """
    if not store.put_if(key, content, tag):
        return False
    store.put(copy_of(key), content, content_type="application/json")
    return True


def delete_document(store: ObjectStore, key: str) -> None:
    """Delete a document and its copy. The copy goes first, because a reader would restore from it.

    Args:
        store: The bucket.
        key: Key of the document.
    """
    store.delete(copy_of(key))
    store.delete(key)
