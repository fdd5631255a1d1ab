"""The manifest of a version: its files with their checksums, and its facts."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from threads_pipelines.dataset.version_facts import VersionFacts, facts_from_json, facts_to_json
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.objects import json_bytes
from threads_pipelines.storage.s3.pointers import ROOT
from threads_pipelines.storage.s3.stored_json import UNREADABLE, fault_of, parse_json, typed

MANIFEST = "manifest.json"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of a version: SHA-256 in hexadecimal, size in bytes, and its rows if it has any."""

    sha256: str
    size: int
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """The manifest of a version. ``created_at`` is ISO 8601; ``files`` are by name."""

    partition: str
    version: str
    created_at: str
    facts: VersionFacts
    files: Mapping[str, StoredFile] = field(default_factory=dict)

    @property
    def prefix(self) -> str:
        """Prefix of the version's files, with a slash at the end."""
        return f"{ROOT}/{self.partition}/{self.version}/"

    @property
    def key(self) -> str:
        """Key of the manifest."""
        return self.prefix + MANIFEST

    def to_bytes(self) -> bytes:
        """Encode the manifest in the form that is stored.

        Returns:
            JSON text in UTF-8.
        """
        stored = {
            "partition": self.partition,
            "version": self.version,
            "created_at": self.created_at,
            "files": {name: asdict(file) for name, file in self.files.items()},
            "facts": facts_to_json(self.facts),
        }
        return json_bytes(stored)

    @classmethod
    def from_bytes(cls, content: bytes, key: str) -> "Manifest":
        """Decode a stored manifest, of this release or of an earlier one.

        Args:
            content: Content of the object.
            key: Key of the object, for messages.

        Returns:
            The manifest.

        Raises:
            ArtefactError: The content is not a manifest, or is that of another version.
        """
        try:
            value = parse_json(content)
            files = {name: typed(StoredFile, entry) for name, entry in value.pop("files").items()}
            facts = facts_from_json(value.pop("facts"))
            names = {name: typed(str, text) for name, text in value.items()}
            manifest = cls(files=files, facts=facts, **names)
            if manifest.key != key:
                raise ValueError(f"it is that of {manifest.key}")
        except UNREADABLE as error:
            raise ArtefactError(f"{key} is not a manifest: {fault_of(error)}") from error
        return manifest
