"""Records of a delimited file, read slowly: for samples, and to find the line of a fault."""

import csv
import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from threads_pipelines.files.formats.source import Source

LONGEST_RECORD = 16 << 20
"""Bytes; no single record may be longer."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is written; see ``FileOptions``."""

    separator: str
    header: bool
    quotes: bool
    encoding: str


def parsed(
    lines: Iterable[str], dialect: Dialect, *, strict: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Parse lines into records.

    Args:
        lines: The lines.
        dialect: How the file is written.
        strict: Raise an error for wrong quotes.

    Yields:
        The number of its last line, and the fields, of each record; an empty line has no fields.

    Raises:
        csv.Error: A field is too long, or with ``strict`` quotes are wrong.
    """
    if len(dialect.separator) > 1:
        for number, line in enumerate(lines, 1):
            text = line.rstrip("\r\n")
            yield number, text.split(dialect.separator) if text else []
        return
    csv.field_size_limit(LONGEST_RECORD)
    reader = csv.reader(
        lines,
        delimiter=dialect.separator,
        quoting=csv.QUOTE_MINIMAL if dialect.quotes else csv.QUOTE_NONE,
        strict=strict,
    )
    for record in reader:
        yield reader.line_num, record


@contextmanager
def records(
    source: Source, dialect: Dialect, *, strict: bool = False
) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """Open a file and parse its records; the header is the first one.

    Args:
        source: The file.
        dialect: How the file is written.
        strict: Raise an error for wrong quotes.

    Yields:
        The records, as ``parsed`` yields them.
    """
    encoding = "utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding
    with source.open() as file, io.TextIOWrapper(file, encoding=encoding, newline="") as text:
        yield parsed(text, dialect, strict=strict)


def line_of(source: Source, dialect: Dialect, row: int) -> int:
    """Find the line of a data row.

    Args:
        source: The file.
        dialect: How the file is written.
        row: Number of the row, from 0.

    Returns:
        The number of the line on which it begins, from 1.
    """
    begins, found = 1, -2 if dialect.header else -1
    with records(source, dialect) as read:
        for last, record in read:
            if record:
                found += 1
                if found == row:
                    return begins
            begins = last + 1
    return begins


def diagnosis(source: Source, dialect: Dialect, error: Exception) -> str:
    """Describe what is wrong with a file that the fast reader refused.

    Args:
        source: The file.
        dialect: How the file is written.
        error: The error of the fast reader.

    Returns:
        A sentence with the line.
    """
    codec = dialect.encoding
    with source.open() as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(codec)
            except UnicodeDecodeError as fault:
                place = f"{source}, line {number}: not {codec.upper()}"
                return (
                    f"{place} (byte {fault.start + 1} of the line): say encoding=latin-1 if it is"
                )
    width = 0
    with records(source, dialect) as read:
        for last, record in read:
            width = width or len(record)
            if record and len(record) != width:
                first = "the header" if dialect.header else "the first line"
                return f"{source}, line {last}: {len(record)} fields, {first} has {width}"
    return f"{source} is not the table that was expected: {error}"
