"""Small documents that the pipeline cannot work without, each with a last good copy beside it.

``models/registry.json`` has its copy at ``models/registry.json.copy``. A write replaces the
document on a condition and then the copy. A reader that meets a broken or missing document uses the
copy, writes it back and logs a warning.
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
    """Key of a document's last good copy."""
    return f"{key}.copy"


def read_document(
    store: ObjectStore, key: str, parse: Callable[[bytes], Value]
) -> tuple[Value, str] | None:
    """Read a document; where it is broken or gone, restore it from its copy.

    Args:
        store: Bucket of the document.
        key: Key of the document.
        parse: Turns the content into a value; raises ValueError, KeyError, TypeError or
            AttributeError for content that is not such a document.

    Returns:
        The value and the entity tag for a conditional write; None where neither exists.

    Raises:
        ArtefactError: Document and copy cannot be read.
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
    """Write a document where it still has ``tag`` (None: is missing), then its copy.

    Returns:
        False where another writer came first; nothing is written then.
    """
    if not store.put_if(key, content, tag):
        return False
    store.put(copy_of(key), content, content_type="application/json")
    return True


def delete_document(store: ObjectStore, key: str) -> None:
    """Delete a document and its copy, the copy first: it would bring the document back."""
    store.delete(copy_of(key))
    store.delete(key)
