"""The bytes of an input file: plain, compressed, in a zip archive or from a pipe."""

import bz2
import gzip
import io
import lzma
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

import pyarrow as pa

from threads_pipelines.errors import InputFileError

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ\x00": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_SUFFIX = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd", ".zip": "zip"}
_FOREIGN = {b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a RAR archive", b"\xd0\xcf\x11\xe0": "Excel"}
_NESTED = 3
"""Compressions inside each other that are undone at most, such as a .gz in a .zip."""


class Source:
    """A file that can be opened several times; a pipe is copied to a temporary file first.

    ``archive.zip/folder/file.csv`` is a member of a zip archive.

    Args:
        path: The path; nothing is opened yet.

    Attributes:
        packing: The compressions that were undone, outermost first, after the file was opened.
    """

    def __init__(self, path: Path) -> None:
        """Take the path as given; nothing is opened yet."""
        self.path = path
        self.packing: tuple[str, ...] = ()
        self._file, self._member = _located(path)
        self._copy: BinaryIO | None = None

    def __str__(self) -> str:
        """Return the name of the file as it was given."""
        return str(self.path)

    def __enter__(self) -> "Source":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._copy:
            self._copy.close()

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the file from its beginning; its first bytes decide about decompression.

        Yields:
            The decompressed bytes.

        Raises:
            InputFileError: The file is not what its name says, or a zip archive of several files.
                ``explained`` handles errors of decompression.
        """
        with ExitStack() as stack:
            stream = self._raw(stack)
            self.packing = ()
            while kind := self._kind(stream, named=not self.packing):
                self.packing += (kind,)
                if len(self.packing) > _NESTED:
                    raise InputFileError(f"{self} is compressed too many times: unpack it")
                stream = self._unpacked(stream, kind, stack)
            yield cast(BinaryIO, stream)

    def _raw(self, stack: ExitStack) -> io.BufferedReader:
        if self._copy is None and not self._file.is_file() and not self._file.is_dir():
            with self._file.open("rb") as pipe:
                self._copy = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115  # __exit__
                shutil.copyfileobj(pipe, self._copy)
        if self._copy:
            self._copy.seek(0)
            return cast(io.BufferedReader, self._copy)
        return stack.enter_context(self._file.open("rb"))

    def _kind(self, stream: io.BufferedReader, *, named: bool) -> str | None:
        start = stream.peek(262)[:262]
        for magic, what in _FOREIGN.items():
            if start.startswith(magic):
                raise InputFileError(f"{self} is {what}: unpack or save it as CSV")
        if start[257:262] == b"ustar":
            raise InputFileError(f"{self} is a tar archive: unpack it and name one of its files")
        kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), None)
        claimed = _SUFFIX.get(self._file.suffix.lower()) if named else None
        if claimed and claimed != kind and start:
            raise InputFileError(
                f"{self} is named {self._file.suffix} but is not a {claimed} file: rename it"
            )
        return kind

    def _unpacked(
        self, stream: io.BufferedReader, kind: str, stack: ExitStack
    ) -> io.BufferedReader:
        if kind == "zip":
            archive = stack.enter_context(zipfile.ZipFile(stream))
            opened: object = stack.enter_context(archive.open(self._chosen(archive)))
        elif kind == "zstd":
            arrow = stack.enter_context(pa.CompressedInputStream(stream, "zstd"))
            opened = io.BufferedReader(_ArrowStream(arrow))
        elif kind == "gzip":
            opened = stack.enter_context(gzip.GzipFile(fileobj=stream))
        else:
            opener = bz2.open if kind == "bzip2" else lzma.open
            opened = stack.enter_context(opener(stream))
        return cast(io.BufferedReader, opened)  # each of them can peek

    def _chosen(self, archive: zipfile.ZipFile) -> zipfile.ZipInfo:
        members = [
            info
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.startswith("__MACOSX/")
        ]
        if any(info.filename == "[Content_Types].xml" for info in members):
            raise InputFileError(f"{self} is an Excel workbook: save the sheet as CSV (UTF-8)")
        found = [info for info in members if self._member in (None, info.filename)]
        if len(found) != 1:
            held = ", ".join(info.filename for info in members[:10]) or "nothing"
            fault = f"holds no {self._member!r}" if self._member else f"holds {len(members)} files"
            example = members[0].filename if members else "FILE"
            raise InputFileError(
                f"{self._file} {fault} ({held}): name one, such as {self._file}/{example}"
            )
        if found[0].flag_bits & 1:
            raise InputFileError(f"{self} is encrypted: unpack it")
        return found[0]


class _ArrowStream(io.RawIOBase):
    """A stream of pyarrow's as Python's buffered reader wants it."""

    def __init__(self, stream: pa.NativeFile) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _located(path: Path) -> tuple[Path, str | None]:
    """Return the file on disk, and the member if the path continues after a zip archive."""
    with suppress(OSError):
        if not path.exists():
            for parent in path.parents:
                if parent.is_file():
                    return parent, path.relative_to(parent).as_posix()
    return path, None
