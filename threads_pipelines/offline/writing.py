"""Feeds as a CSV file that appears whole or not at all."""

import gzip
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from threads_pipelines.errors import ConfigurationError
from threads_pipelines.recommender.rows import REASONS, ScoredRows
from threads_pipelines.recommender.snapshot import Snapshot

HEADER = "user_id,post_id,score,rank,reason"
_NEEDS_QUOTES = re.compile(r'[",\r\n]')


def check_writable(out: Path, *inputs: Path | None) -> None:
    """Raise ConfigurationError where ``out`` cannot be made, before any long work begins."""
    if not out.parent.is_dir():
        raise ConfigurationError(f"{out}: the folder {out.parent} does not exist")
    if out.is_dir():
        raise ConfigurationError(f"{out} is a folder: name a file")
    if not os.access(out.parent, os.W_OK):
        raise ConfigurationError(f"{out}: the folder {out.parent} cannot be written to")
    for path in inputs:
        if path is not None and path.exists() and out.exists() and out.samefile(path):
            raise ConfigurationError(f"{out} is one of the inputs: write to another file")


def write_feeds(out: Path, chunks: Iterable[ScoredRows], snapshot: Snapshot) -> None:
    """Write ``HEADER`` and one line a row, gzipped where ``out`` ends in .gz.

    Ids stand as they are, quoted only where CSV needs it. The file replaces an older one at once,
    when it is complete.
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


def _quoted(ids: NDArray[np.object_]) -> pa.Array:
    texts = (
        '"{}"'.format(text.replace('"', '""')) if _NEEDS_QUOTES.search(text) else text
        for text in ids
    )
    return pa.array(texts, pa.large_string())


def _text(lines: pa.Array) -> memoryview:
    """All bytes of a string array, one value behind the other, without a copy."""
    _, offsets, data = lines.buffers()
    ends = np.frombuffer(offsets, np.int64)
    return memoryview(data)[int(ends[lines.offset]) : int(ends[lines.offset + len(lines)])]


@contextmanager
def _replacing(out: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of ``out`` when the block ends well, and is gone otherwise."""
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            if out.suffix == ".gz":
                with gzip.GzipFile("", "wb", 6, file, mtime=0) as packed:
                    yield packed  # type: ignore[misc]  # GzipFile is a BinaryIO in all but name
            else:
                yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
