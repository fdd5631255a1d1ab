"""``models/refreshes.json``: the refreshes of the last day, oldest first.

It is separate from the registry of the nights, so that a rollback, an evaluation or the next night
never takes a refresh for a night.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.documents import read_document, write_document
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.stored_json import parse_json, typed

KEY = "models/refreshes.json"
_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class Refresh:
    """A refresh that was begun.

    Attributes:
        partition: Day of its night.
        version: Name of its version.
        parent: Version of its night.
        as_of: Instant up to which the app was read, ISO 8601 in UTC.
        published_at: Time of publishing, ISO 8601 in UTC; None until its rows are in the table.
        figures: Numbers by name; see ``refresh.figures``.
    """

    partition: str
    version: str
    parent: str
    as_of: str
    published_at: str | None = None
    figures: Mapping[str, float | None] = field(default_factory=dict)


def read_refreshes(store: ObjectStore) -> tuple[Refresh, ...]:
    """Read the list of refreshes.

    Args:
        store: The bucket.

    Returns:
        The refreshes, oldest first.

    Raises:
        ObjectStorageError: The list is broken.
    """
    return _read(store)[0]


def published_refreshes(store: ObjectStore) -> tuple[Refresh, ...]:
    """Return the kept refreshes whose rows were published.

    Args:
        store: The bucket.

    Returns:
        The refreshes, oldest first.
    """
    return tuple(one for one in read_refreshes(store) if one.published_at is not None)


def record_refresh(store: ObjectStore, refresh: Refresh) -> None:
    """Add a refresh to the list, or replace the record of the same version.

    Args:
        store: The bucket.
        refresh: The refresh.
    """

    def change(known: Sequence[Refresh]) -> list[Refresh]:
        others = [one for one in known if one.version != refresh.version]
        return sorted([*others, refresh], key=lambda one: one.as_of)

    _change(store, change)


def forget_refreshes(store: ObjectStore, versions: Sequence[str]) -> None:
    """Remove refreshes from the list.

    Args:
        store: The bucket.
        versions: Names of their versions.
    """
    _change(store, lambda known: [one for one in known if one.version not in versions])


def _change(store: ObjectStore, change: Callable[[Sequence[Refresh]], Sequence[Refresh]]) -> None:
    for _ in range(_ATTEMPTS):
        old, tag = _read(store)
        new = tuple(change(old))
        content = json_bytes({"refreshes": [asdict(one) for one in new]})
        if new == old or write_document(store, KEY, content, tag):
            return
    raise ArtefactError(f"{KEY} changes too often to be written: run the step again")


def _read(store: ObjectStore) -> tuple[tuple[Refresh, ...], str | None]:
    return read_document(store, KEY, _parsed) or ((), None)


def _parsed(content: bytes) -> tuple[Refresh, ...]:
    return tuple(typed(Refresh, entry) for entry in parse_json(content)["refreshes"])
