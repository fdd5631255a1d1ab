"""``models/<partition>/current.json``, which names the current version of a partition."""

import re

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.documents import read_document, write_document
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.stored_json import parse_json

ROOT = "models"
POINTER = "current.json"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
"""Names that a partition or a version can have."""
_ATTEMPTS = 20


def read_pointer(store: ObjectStore, partition: str) -> str | None:
    """Read the pointer of a partition.

    Args:
        store: The bucket.
        partition: The day.

    Returns:
        Name of the current version; None without a pointer.
    """
    found = read_document(store, _key(partition), _parse)
    return None if found is None else found[0]


def write_pointer(store: ObjectStore, partition: str, version: str) -> None:
    """Make a version the current one, whichever was current before.

    Args:
        store: The bucket.
        partition: The day.
        version: Name of the version.

    Raises:
        ArtefactError: Other writers change the pointer too often.
    """
    key, content = _key(partition), json_bytes({"version": version})
    for _ in range(_ATTEMPTS):
        found = store.get_with_tag(key)
        if write_document(store, key, content, found and found[1]):
            return
    raise ArtefactError(f"{key} changes too often to be written: run the step again")


def _key(partition: str) -> str:
    return f"{ROOT}/{partition}/{POINTER}"


def _parse(content: bytes) -> str:
    version = parse_json(content)["version"]
    if not NAME.fullmatch(version):
        raise ValueError(f"{version!r} cannot name a version")
    return str(version)
