"""``models/registry.json``: which versions there are, how good, and which one is served.

Every change is a conditional put of the whole file, so two writers never lose each other's entry.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.documents import read_document, write_document
from threads_pipelines.storage.s3.objects import ObjectStore, json_bytes
from threads_pipelines.storage.s3.stored_json import parse_json, typed

KEY = "models/registry.json"
_ATTEMPTS = 50
_PUBLISHED = ("active", "retired")
Status = Literal["candidate", "checked", "active", "retired"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A version whose rows passed the checks: active once published, retired when the next one is.

    Releases before the state ``checked`` registered a version as ``candidate`` before its rows
    existed. Such an entry can be neither pinned nor published.

    served: place of its latest publication among all of them, from 1; 0 where there was none, or
    where it was retired before such places were kept.
    """

    partition: str
    version: str
    created_at: str
    status: Status = "checked"
    metrics: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    served: int = 0


@dataclass(frozen=True, slots=True)
class Registry:
    """Entries in the order in which they came.

    former_pin: what an earlier release kept here; ``pins`` reads it until the first change there.
    """

    entries: tuple[Entry, ...] = ()
    former_pin: Mapping[str, str] | None = None

    def find(self, version: str) -> Entry:
        """Entry of a version; ArtefactError where there is none."""
        for entry in self.entries:
            if entry.version == version:
                return entry
        known = ", ".join(entry.version for entry in self.entries[-5:]) or "none"
        raise ArtefactError(f"{KEY} has no version {version!r}; the latest are: {known}")

    def checked(self, version: str) -> Entry:
        """Entry of a version that passed its checks; ArtefactError where there is none."""
        entry = self.find(version)
        if entry.status == "candidate":
            raise ArtefactError(
                f"version {version} did not pass its checks, so it cannot be published: "
                f"run nightly_recommendations for {entry.partition} again"
            )
        return entry

    def latest_checked(self, partition: str | None = None) -> Entry | None:
        """Entry registered last, of one day or of all, that passed its checks."""
        for entry in reversed(self.entries):
            if entry.status != "candidate" and partition in (None, entry.partition):
                return entry
        return None

    @property
    def published(self) -> set[str]:
        """Names of the versions that were ever published to everyone."""
        return {entry.version for entry in self.entries if entry.status in _PUBLISHED}

    @property
    def previous(self) -> Entry | None:
        """The version that was served before the active one."""
        retired = [entry for entry in self.entries if entry.status == "retired"]
        # Of several without a place the one that was registered last.
        return max(reversed(retired), key=lambda entry: entry.served, default=None)

    @property
    def active(self) -> Entry | None:
        """The version that is being served."""
        return next((entry for entry in self.entries if entry.status == "active"), None)


def read_registry(store: ObjectStore) -> Registry:
    """The registry as it is now; an empty one where none was written."""
    return _read(store)[0]


def register(store: ObjectStore, entry: Entry) -> Registry:
    """Add a version that passed its checks, or describe it anew; a served one stays served."""
    return _change(store, lambda registry: replace(registry, entries=_with(registry, entry)))


def activate(store: ObjectStore, version: str) -> Registry:
    """Make a checked version the active one and retire the one before it."""

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
    """Remove the entry of a version that is deleted."""

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
    status: Status = old.status if old.status in _PUBLISHED else entry.status
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
