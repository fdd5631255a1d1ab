"""The manifests of all versions and the pointers to the current ones."""

from collections.abc import Callable
from dataclasses import replace

from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pointers import NAME, POINTER, ROOT, read_pointer, write_pointer
from threads_pipelines.storage.s3.versions.manifest import MANIFEST, Manifest

_ATTEMPTS = 20


class ManifestStore:
    """Manifests and pointers in one bucket.

    Args:
        objects: The bucket.
    """

    def __init__(self, objects: ObjectStore) -> None:
        self.objects = objects

    def create(
        self, partition: str, version: str, created_at: str, facts: VersionFacts
    ) -> Manifest:
        """Begin a version, or begin it again when its step is re-executed.

        A version that is begun again keeps its files; only its facts are replaced.

        Args:
            partition: The day.
            version: Name of the version.
            created_at: ISO 8601.
            facts: The facts of the version.

        Returns:
            The stored manifest.

        Raises:
            ArtefactError: A name cannot be part of a key.
        """
        for name in (partition, version):
            if not NAME.fullmatch(name) or name == POINTER:
                raise ArtefactError(f"{name!r} cannot name a partition or version")
        manifest = Manifest(partition, version, created_at, facts)
        if self.objects.put_if(manifest.key, manifest.to_bytes(), None):
            return manifest
        return self.change_facts(partition, version, lambda _: facts)

    def manifest(self, partition: str, version: str | None = None) -> Manifest:
        """Read the manifest of a version.

        Args:
            partition: The day.
            version: Name of the version. Default: the current one.

        Returns:
            The manifest.

        Raises:
            ArtefactError: The partition has no current version, or the manifest is missing or
                invalid.
        """
        version = version or self.current(partition)
        if version is None:
            raise ArtefactError(
                f"partition {partition} has no current version: materialize it first"
            )
        return self._read(partition, version)[0]

    def change_facts(
        self, partition: str, version: str, change: Callable[[VersionFacts], VersionFacts]
    ) -> Manifest:
        """Replace a version's facts.

        Args:
            partition: The day.
            version: Name of the version.
            change: Returns the new facts for the stored ones. It is called again if another process
                changed the manifest in between.

        Returns:
            The stored manifest.

        Raises:
            ArtefactError: The version does not exist, or its manifest changes too often.
        """
        return self.change_manifest(
            partition, version, lambda old: replace(old, facts=change(old.facts))
        )

    def current(self, partition: str) -> str | None:
        """Read the pointer of a partition.

        Args:
            partition: The day.

        Returns:
            Name of the current version; None if there is none.
        """
        return read_pointer(self.objects, partition)

    def set_current(self, partition: str, version: str) -> None:
        """Make a version the current one of its partition.

        Args:
            partition: The day.
            version: Name of the version.

        Raises:
            ArtefactError: The version has no manifest.
        """
        self.manifest(partition, version)
        write_pointer(self.objects, partition, version)

    def partitions(self) -> list[str]:
        """List the partitions that have versions.

        Returns:
            Names, sorted.
        """
        return self.objects.folders(f"{ROOT}/")

    def versions(self, partition: str) -> list[str]:
        """List the versions of a partition.

        Args:
            partition: The day.

        Returns:
            Names, sorted.
        """
        return self.objects.folders(f"{ROOT}/{partition}/")

    def _read(self, partition: str, version: str) -> tuple[Manifest, str]:
        key = f"{ROOT}/{partition}/{version}/{MANIFEST}"
        found = self.objects.get_with_tag(key)
        if found is None:
            raise ArtefactError(f"{key} is missing: version {version} of {partition} is not there")
        return Manifest.from_bytes(found[0], key), found[1]

    def change_manifest(
        self, partition: str, version: str, change: Callable[[Manifest], Manifest]
    ) -> Manifest:
        """Replace the manifest of a version.

        Args:
            partition: The day.
            version: Name of the version.
            change: Returns the new manifest for the stored one. It is called again if another
                process changed the manifest in between.

        Returns:
            The stored manifest.

        Raises:
            ArtefactError: The version does not exist, or its manifest changes too often.
        """
        for _ in range(_ATTEMPTS):  # another writer of the same manifest came between: again
            old, tag = self._read(partition, version)
            new = change(old)
            if self.objects.put_if(old.key, new.to_bytes(), tag):
                return new
        raise ArtefactError(f"{partition}/{version}: the manifest changes too often to be written")
