"""Writes feeds to a CSV file that appears as a whole or not at all."""

import gzip
import os
import re
import signal
import stat
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import REASONS, ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import ConfigurationError

HEADER = "user_id,post_id,score,rank,reason"
_NEEDS_QUOTES = re.compile(r'[",\r\n]')


def check_writable(out: Path, *inputs: Path | None) -> None:
    """Check, before any long work, that the output can be written.

    Args:
        out: The output file.
        inputs: The input files; None is skipped.

    Raises:
        ConfigurationError: The output is an input, a folder, or cannot be created.
    """
    with _explained(out):
        for path in inputs:
            if path is not None and path.exists() and out.exists() and out.samefile(path):
                raise ConfigurationError(f"{out} is one of the inputs: write to another file")
        if _is_stream(out):
            return
        folder = _target(out).parent
        if not folder.is_dir():
            raise ConfigurationError(f"{out}: the folder {folder} does not exist")
        if out.is_dir():
            raise ConfigurationError(f"{out} is a folder: name a file")
        if out.exists() and not out.is_file():
            raise ConfigurationError(f"{out} is neither a file nor a pipe: name a file")
        if not os.access(folder, os.W_OK) or (out.exists() and not os.access(out, os.W_OK)):
            raise ConfigurationError(f"{out} cannot be written to: its owner does not allow it")


def is_standard_output(out: Path | None) -> bool:
    """Return whether a path names this process's standard output.

    Args:
        out: The path.

    Returns:
        Whether it does.
    """
    try:
        return out is not None and os.path.samestat(out.stat(), os.fstat(1))
    except OSError:
        return False


def write_feeds(out: Path, chunks: Iterable[ScoredRows], snapshot: Snapshot) -> None:
    """Write feeds as CSV, gzipped if the name ends in .gz.

    Ids are unchanged, and quoted only if CSV requires it. The file replaces an older one
    atomically, when it is complete.

    Args:
        out: The output file.
        chunks: Rows in the order of the output.
        snapshot: The ids of users and posts.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    users, posts = (_quoted(table.ids) for table in (snapshot.users, snapshot.posts))
    reasons = pa.array([f"{reason}\n" for reason in REASONS], pa.large_string())
    with _replacing(out) as file:
        file.write(f"{HEADER}\n".encode())
        for chunk in chunks:
            lines = pc.binary_join_element_wise(
                users.take(pa.array(chunk.user)),
                posts.take(pa.array(chunk.post)),
                pc.cast(pa.array(chunk.score), pa.large_string()),
                pc.cast(pa.array(chunk.rank), pa.large_string()),
                reasons.take(pa.array(chunk.reason)),
                pa.scalar(",", pa.large_string()),
            )
            file.write(_text(lines))


def write_text(out: Path, text: str) -> None:
    """Write a text atomically, as ``write_feeds`` does.

    Args:
        out: The output file.
        text: The text.

    Raises:
        ConfigurationError: The file cannot be written.
    """
    with _replacing(out) as file:
        file.write(text.encode())


def _quoted(ids: NDArray[np.object_]) -> pa.Array:
    texts = (
        '"{}"'.format(text.replace('"', '""')) if _NEEDS_QUOTES.search(text) else text
        for text in ids
    )
    return pa.array(texts, pa.large_string())


def _text(lines: pa.Array) -> memoryview:
    """Return all bytes of a string array, one value after the other, without a copy."""
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int64)
    return memoryview(data)[int(ends[lines.offset]) : int(ends[lines.offset + len(lines)])]


@contextmanager
def _replacing(out: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``out`` when the block ends well, and is gone otherwise.

    A link stays one, a file keeps its mode, and into a pipe is written as the lines come.
    """
    with _explained(out):
        if _is_stream(out):
            with out.open("wb") as file, _packed(out, file) as written:
                yield written
            return
        target = _target(out)
        part = target.with_name(f".threads-pipelines.{os.getpid()}.part")
        part.unlink(missing_ok=True)
        with _sigterm_as_exit():
            try:
                with part.open("xb") as file:
                    if target.exists():
                        os.fchmod(file.fileno(), stat.S_IMODE(target.stat().st_mode))
                    with _packed(out, file) as written:
                        yield written
                    file.flush()
                    os.fsync(file.fileno())
                part.replace(target)
            finally:
                part.unlink(missing_ok=True)


@contextmanager
def _packed(out: Path, file: BinaryIO) -> Iterator[BinaryIO]:
    if out.suffix == ".gz":
        with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
            yield packed  # type: ignore[misc]  # GzipFile is a BinaryIO in all but name
    else:
        yield file


@contextmanager
def _explained(out: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror or error}") from error


@contextmanager
def _sigterm_as_exit() -> Iterator[None]:
    """Let SIGTERM end the process as an error does, so that what was begun is cleared away."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_stream(out: Path) -> bool:
    """Whether ``out`` is a pipe or a terminal, in whose place no file may come."""
    return out.is_fifo() or out.is_char_device()


def _target(out: Path) -> Path:
    """Where links lead."""
    return Path(os.path.realpath(out))
