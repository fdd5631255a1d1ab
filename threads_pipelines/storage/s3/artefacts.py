"""Versions of a partition on S3: files with checksums, one manifest, one pointer.

``models/<partition>/<version>/`` holds the files of a version and its ``manifest.json``;
``models/<partition>/current.json`` says which version is current. A file is named by the manifest
only after it is whole, and the pointer changes in one put, so a reader never sees half a version.
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from numpy.typing import NDArray

from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pointers import NAME, POINTER, ROOT, read_pointer, write_pointer
from threads_pipelines.storage.s3.scratch import temporary_file
from threads_pipelines.storage.s3.versions.manifest import MANIFEST, Manifest, StoredFile
from threads_pipelines.storage.s3.versions.packing import Arrays, read_arrays, write_arrays

_ATTEMPTS = 20


class ArtefactStore:
    """Versions of artefacts. ``scratch`` is a local folder for files on their way."""

    def __init__(self, objects: ObjectStore, scratch: Path) -> None:
        self.objects = objects
        self._scratch = scratch

    def create(
        self, partition: str, version: str, created_at: str, facts: VersionFacts
    ) -> Manifest:
        """Begin a version, or begin one of the same name again (a re-execution of its step).

        A version that is begun again keeps its files and gets the new facts alone.
        """
        for name in (partition, version):
            if not NAME.fullmatch(name) or name == POINTER:
                raise ArtefactError(f"{name!r} cannot name a partition or version")
        manifest = Manifest(partition, version, created_at, facts)
        if self.objects.put_if(manifest.key, manifest.to_bytes(), None):
            return manifest
        return self.change_facts(partition, version, lambda _: facts)

    def manifest(self, partition: str, version: str | None = None) -> Manifest:
        """Manifest of a version, the current one if none is named; ArtefactError where missing."""
        version = version or self.current(partition)
        if version is None:
            raise ArtefactError(
                f"partition {partition} has no current version: materialize it first"
            )
        return self._read(partition, version)[0]

    def change_facts(
        self, partition: str, version: str, change: Callable[[VersionFacts], VersionFacts]
    ) -> Manifest:
        """Replace a version's facts by what ``change`` makes of them.

        ``change`` is called again where another writer of the manifest came between.
        """
        return self._change(partition, version, lambda old: replace(old, facts=change(old.facts)))

    def current(self, partition: str) -> str | None:
        """Version that the partition's pointer names, or None."""
        return read_pointer(self.objects, partition)

    def set_current(self, partition: str, version: str) -> None:
        """Point at a version that is whole (its manifest exists)."""
        self.manifest(partition, version)
        write_pointer(self.objects, partition, version)

    def partitions(self) -> list[str]:
        """Partitions that have versions, sorted."""
        return self.objects.folders(f"{ROOT}/")

    def versions(self, partition: str) -> list[str]:
        """Versions of a partition, sorted by name."""
        return self.objects.folders(f"{ROOT}/{partition}/")

    def save_arrays(
        self, partition: str, version: str, name: str, arrays: Arrays, rows: int | None = None
    ) -> Manifest:
        """Store arrays as the npz file ``name`` of a version."""
        with self.writing(partition, version, name) as file:
            write_arrays(file.path, arrays)
            file.rows = rows
        return self.manifest(partition, version)

    def load_arrays(
        self, partition: str, name: str, version: str | None = None
    ) -> dict[str, NDArray]:
        """Arrays of an npz file whose checksum was verified."""
        with self.reading(partition, name, version) as path:
            return read_arrays(path)

    @contextmanager
    def writing(self, partition: str, version: str, name: str) -> Iterator["Draft"]:
        """A local file to fill; at the end it is uploaded and named by the manifest."""
        with temporary_file(self._scratch, name) as path:
            draft = Draft(path)
            yield draft
            self.objects.upload(path, f"{ROOT}/{partition}/{version}/{name}")
            stored = StoredFile(_sha256(path), path.stat().st_size, draft.rows)
            self._change(
                partition, version, lambda old: replace(old, files={**old.files, name: stored})
            )

    @contextmanager
    def reading(self, partition: str, name: str, version: str | None = None) -> Iterator[Path]:
        """A verified local copy of a version's file, gone at the end."""
        manifest = self.manifest(partition, version)
        if name not in manifest.files:
            raise ArtefactError(
                f"{manifest.prefix} has no {name}: materialize the asset that writes it"
            )
        expected = manifest.files[name]
        with temporary_file(self._scratch, name) as path:
            self.objects.download(manifest.prefix + name, path)
            if path.stat().st_size != expected.size or _sha256(path) != expected.sha256:
                raise ArtefactError(
                    f"{manifest.prefix}{name} is not what was stored (checksum differs): "
                    "materialize the partition again"
                )
            yield path

    def _read(self, partition: str, version: str) -> tuple[Manifest, str]:
        key = f"{ROOT}/{partition}/{version}/{MANIFEST}"
        found = self.objects.get_with_tag(key)
        if found is None:
            raise ArtefactError(f"{key} is missing: version {version} of {partition} is not there")
        return Manifest.from_bytes(found[0], key), found[1]

    def _change(
        self, partition: str, version: str, change: Callable[[Manifest], Manifest]
    ) -> Manifest:
        for _ in range(_ATTEMPTS):  # another writer of the same manifest came between: again
            old, tag = self._read(partition, version)
            new = change(old)
            if self.objects.put_if(old.key, new.to_bytes(), tag):
                return new
        raise ArtefactError(f"{partition}/{version}: the manifest changes too often to be written")


@dataclass(slots=True)
class Draft:
    """A file being written: fill ``path``; set ``rows`` where it has rows."""

    path: Path
    rows: int | None = None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
