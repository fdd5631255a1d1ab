"""The pinned version: a journal of changes, and ``pins/current.json``, which repeats the last one.

``pins/journal/00000007.json`` is the seventh change; it is written once. Journal and current pin
repair each other. An older state never replaces a newer one: if the latest change is unreadable in
both places, ``read_pin`` raises an error and nothing is published.
"""

import logging
import re
from dataclasses import asdict, dataclass

from threads_pipelines.errors import ArtefactError, PinError
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.refreshes.record import read_refreshes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.stored_json import UNREADABLE, expected_layout, parse_json, typed
from threads_pipelines.storage.s3.versions.registered import Entry

CURRENT = "pins/current.json"
JOURNAL = "pins/journal/"
_ENTRY = re.compile(r"(\d{8})\.json")
_ATTEMPTS = 50
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Pin:
    """The earlier version that is published until it is released.

    Attributes:
        partition: Day of the version.
        version: Name of the version.
        since: When it was pinned, as text.
    """

    partition: str
    version: str
    since: str


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of the pin. ``number`` counts from 1; ``pin`` is None for a release."""

    number: int
    pin: Pin | None


def read_pin(store: ObjectStore) -> Pin | None:
    """Read the pin, and repair a copy that is outdated or broken.

    Args:
        store: The bucket.

    Returns:
        The pin; None if nothing is pinned.

    Raises:
        PinError: The latest change cannot be read.
    """
    last = _last_number(store)
    current, tag = _read(store, CURRENT)
    number = max(last, current.number if current else 0)
    if number == 0 and tag is None:
        return _former_pin(store)
    entry, entry_tag = _read(store, _key(number))
    known = [change for change in (entry, current) if change and change.number == number > 0]
    if not known:
        raise PinError(
            f"{_key(number) if number else CURRENT} cannot be read: it is not known which version "
            "is pinned, and nothing is published. Run `threads-pipelines pin VERSION` to pin one, "
            "or `threads-pipelines release`"
        )
    for key, found, found_tag in ((CURRENT, current, tag), (_key(number), entry, entry_tag)):
        if found != known[0] and store.put_if(key, _content(known[0]), found_tag):
            _LOG.warning("%s was missing, behind or broken: it is repaired", key)
    return known[0].pin


def pin(store: ObjectStore, version: str, since: str) -> Pin:
    """Pin a version until ``release``; the nights publish it in place of their own versions.

    It does not read the former pin, so it also works when that is unreadable.

    Args:
        store: The bucket.
        version: Name of the version.
        since: Time of the change, as text.

    Returns:
        The new pin.

    Raises:
        ArtefactError: The registry has no such version, or the version did not pass its checks.
    """
    new = Pin(pinnable(store, version).partition, version, since)
    _append(store, new)
    return new


def pinnable(store: ObjectStore, version: str) -> Entry:
    """Return the entry of a version that can be pinned.

    Args:
        store: The bucket.
        version: Name of the version.

    Returns:
        The entry.

    Raises:
        ArtefactError: The version is a refresh, is unknown, or did not pass its checks.
    """
    registry = read_registry(store)
    if version not in {entry.version for entry in registry.entries}:
        for one in read_refreshes(store):
            if one.version == version:
                raise ArtefactError(
                    f"version {version} is a refresh of {one.parent} and cannot be pinned: "
                    f"pin the night itself, `threads-pipelines pin {one.parent}`"
                )
    return registry.checked(version)


def release(store: ObjectStore) -> None:
    """End the pin. This also works when the pin is unreadable.

    Args:
        store: The bucket.
    """
    _append(store, None)


def _append(store: ObjectStore, new: Pin | None) -> None:
    for _ in range(_ATTEMPTS):
        current, _tag = _read(store, CURRENT)
        number = max(_last_number(store), current.number if current else 0) + 1
        content = _content(_Change(number, new))
        if store.put_if(_key(number), content, None):
            break  # the change is made: all below only repeats it
    else:
        raise ArtefactError(f"{JOURNAL} changes too often to be written: try again")
    for _ in range(_ATTEMPTS):
        current, tag = _read(store, CURRENT)
        if (current and current.number >= number) or store.put_if(CURRENT, content, tag):
            return


def _last_number(store: ObjectStore) -> int:
    names = (item.key.removeprefix(JOURNAL) for item in store.listing(JOURNAL))
    return max((int(found[1]) for found in map(_ENTRY.fullmatch, names) if found), default=0)


def _read(store: ObjectStore, key: str) -> tuple[_Change | None, str | None]:
    """Read a change and its entity tag: (None, tag) if broken, (None, None) if missing."""
    found = store.get_with_tag(key)
    if found is None:
        return None, None
    try:
        value = parse_json(found[0])
        pinned = typed(Pin, value["pin"]) if value["pin"] else None
        change = _Change(typed(int, value["number"]), pinned)
    except UNREADABLE:
        return None, found[1]  # read_pin says what follows from it
    return (change if change.number > 0 else None), found[1]


def _former_pin(store: ObjectStore) -> Pin | None:
    """Return the pin that an earlier release of the pipeline stored in the registry."""
    former = read_registry(store).former_pin
    if not former:
        return None
    with expected_layout("the pin in the registry of an earlier release"):
        return typed(Pin, former)


def _key(number: int) -> str:
    return f"{JOURNAL}{number:08d}.json"


def _content(change: _Change) -> bytes:
    return json_bytes(asdict(change))
