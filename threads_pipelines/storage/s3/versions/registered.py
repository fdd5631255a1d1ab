"""The list of registered versions, without its storage."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from threads_pipelines.dataset.version_facts import DatabaseIdentity
from threads_pipelines.errors import ArtefactError

PUBLISHED = ("active", "retired")


Status = Literal["candidate", "checked", "active", "retired"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A version that passed its checks: active when published, retired when the next one is.

    Releases before the state ``checked`` registered a version as ``candidate`` before its rows
    existed. Such an entry can be neither pinned nor published.

    Attributes:
        partition: Day of the version.
        version: Name of the version.
        created_at: ISO 8601.
        status: State of the version.
        metrics: Metrics of its evaluation by name.
        config: Settings that it was made with.
        served: Number of its latest publication, counted over all versions from 1; 0 if it was
            never published, or was retired by a release that did not count.
        database: The database that it was made from; None in entries of earlier releases.
    """

    partition: str
    version: str
    created_at: str
    status: Status = "checked"
    metrics: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    served: int = 0
    database: DatabaseIdentity | None = None


@dataclass(frozen=True, slots=True)
class Registry:
    """All entries, in the order of registration.

    Attributes:
        entries: The entries.
        former_pin: The pin that an earlier release stored here; ``pins`` reads it until its first
            change.
    """

    entries: tuple[Entry, ...] = ()
    former_pin: Mapping[str, str] | None = None

    def find(self, version: str) -> Entry:
        """Find the entry of a version.

        Args:
            version: Name of the version.

        Returns:
            The entry.

        Raises:
            ArtefactError: There is no such version; the message lists the latest ones.
        """
        for entry in self.entries:
            if entry.version == version:
                return entry
        known = ", ".join(entry.version for entry in self.entries[-5:]) or "none"
        raise ArtefactError(
            f"models/registry.json has no version {version!r}; the latest are: {known}"
        )

    def checked(self, version: str) -> Entry:
        """Find the entry of a version that passed its checks.

        Args:
            version: Name of the version.

        Returns:
            The entry.

        Raises:
            ArtefactError: There is no such version, or it did not pass its checks.
        """
        entry = self.find(version)
        if entry.status == "candidate":
            raise ArtefactError(
                f"version {version} did not pass its checks, so it cannot be published: "
                f"run nightly_recommendations for {entry.partition} again"
            )
        return entry

    def latest_checked(self, partition: str | None = None) -> Entry | None:
        """Find the version that passed its checks and was registered last.

        Args:
            partition: The day. Default: all days.

        Returns:
            The entry; None if there is none.
        """
        for entry in reversed(self.entries):
            if entry.status != "candidate" and partition in (None, entry.partition):
                return entry
        return None

    @property
    def published(self) -> set[str]:
        """Names of the versions that were ever published to everyone."""
        return {entry.version for entry in self.entries if entry.status in PUBLISHED}

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
