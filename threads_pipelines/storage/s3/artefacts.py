"""Versions of a partition on S3: files with checksums, one manifest, one pointer.

``models/<partition>/<version>/`` holds the files of a version and its ``manifest.json``;
``models/<partition>/current.json`` names the current version. The manifest names a file only after
the whole file is stored, and the pointer changes in one put, so a reader never sees an incomplete
version.
"""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from numpy.typing import NDArray

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pointers import ROOT
from threads_pipelines.storage.s3.scratch import temporary_file
from threads_pipelines.storage.s3.versions.manifest import Manifest, StoredFile
from threads_pipelines.storage.s3.versions.manifest_store import ManifestStore
from threads_pipelines.storage.s3.versions.packing import Arrays, read_arrays, write_arrays


class ArtefactStore(ManifestStore):
    """Versions of artefacts in one bucket.

    Args:
        objects: The bucket.
        scratch: Local folder for files on their way to or from S3.
    """

    def __init__(self, objects: ObjectStore, scratch: Path) -> None:
        super().__init__(objects)
        self.scratch = scratch

    def save_arrays(
        self, partition: str, version: str, name: str, arrays: Arrays, rows: int | None = None
    ) -> Manifest:
        """Store arrays as an npz file of a version.

        Args:
            partition: The day.
            version: Name of the version.
            name: Name of the file.
            arrays: Arrays by name.
            rows: Number of rows, for the manifest.

        Returns:
            The stored manifest.
        """
        with self.writing(partition, version, name) as file:
            write_arrays(file.path, arrays)
            file.rows = rows
        return self.manifest(partition, version)

    def load_arrays(
        self, partition: str, name: str, version: str | None = None
    ) -> dict[str, NDArray]:
        """Load an npz file of a version after verifying its checksum.

        Args:
            partition: The day.
            name: Name of the file.
            version: Name of the version. Default: the current one.

        Returns:
            Arrays by name.

        Raises:
            ArtefactError: The file is missing, damaged or not an array file.
        """
        with self.reading(partition, name, version) as path:
            return read_arrays(path)

    @contextmanager
    def writing(self, partition: str, version: str, name: str) -> Iterator["Draft"]:
        """Yield a local file to fill; at the end it is uploaded and added to the manifest.

        Args:
            partition: The day.
            version: Name of the version.
            name: Name of the file.

        Yields:
            The local file.
        """
        with temporary_file(self.scratch, name) as path:
            draft = Draft(path)
            yield draft
            self.objects.upload(path, f"{ROOT}/{partition}/{version}/{name}")
            stored = StoredFile(sha256_of(path), path.stat().st_size, draft.rows)
            self.change_manifest(
                partition, version, lambda old: replace(old, files={**old.files, name: stored})
            )

    @contextmanager
    def reading(self, partition: str, name: str, version: str | None = None) -> Iterator[Path]:
        """Yield a local copy of a version's file; it is deleted at the end.

        Args:
            partition: The day.
            name: Name of the file.
            version: Name of the version. Default: the current one.

        Yields:
            Path of the copy, whose checksum was verified.

        Raises:
            ArtefactError: The file is missing, or its size or checksum is wrong.
        """
        with self.reading_files(self.manifest(partition, version), [name]) as (path,):
            yield path

    @contextmanager
    def reading_files(self, manifest: Manifest, names: Iterable[str]) -> Iterator[list[Path]]:
        """Yield local copies of several files of a version; they are deleted at the end.

        Args:
            manifest: Manifest of the version.
            names: Names of the files.

        Yields:
            Paths of the copies in the order of ``names``. All are present, and their checksums
            were verified.

        Raises:
            ArtefactError: A file is missing, or its size or checksum is wrong.
        """
        with ExitStack() as files:
            yield [files.enter_context(self._reading(manifest, name)) for name in names]

    @contextmanager
    def _reading(self, manifest: Manifest, name: str) -> Iterator[Path]:
        if name not in manifest.files:
            raise ArtefactError(
                f"{manifest.prefix} has no {name}: materialize the asset that writes it"
            )
        expected = manifest.files[name]
        with temporary_file(self.scratch, name.replace("/", "-")) as path:
            self.objects.download(manifest.prefix + name, path)
            if path.stat().st_size != expected.size or sha256_of(path) != expected.sha256:
                raise ArtefactError(
                    f"{manifest.prefix}{name} is not what was stored (checksum differs): "
                    "materialize the partition again"
                )
            yield path


@dataclass(slots=True)
class Draft:
    """A local file to be stored: fill ``path``, and set ``rows`` if the file has rows."""

    path: Path
    rows: int | None = None


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file.

    Args:
        path: The file.

    Returns:
        64 hexadecimal digits.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
