"""Reads delimited text with pyarrow: every value unchanged, without guessing types."""

import csv
import io
from typing import BinaryIO, cast

import pyarrow as pa
from pyarrow import csv as arrow_csv

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.kinds import FileKind, RawTable
from threads_pipelines.files.formats.options import SEPARATORS, FileOptions
from threads_pipelines.files.formats.quotes import QuoteCheck
from threads_pipelines.files.formats.records import LONGEST_RECORD, Dialect, diagnosis, line_of
from threads_pipelines.files.formats.sniffing import Layout, sniff
from threads_pipelines.files.formats.source import Source

_UNIT_SEPARATOR = b"\x1f"


def read_delimited(
    source: Source, kind: FileKind, options: FileOptions, ids: frozenset[str]
) -> RawTable:
    """Read the columns that have a role.

    Args:
        source: The file.
        kind: Purpose of the file, with its roles.
        options: What the user says about the file; it overrides what is recognised.
        ids: Roles whose column is dictionary-encoded; the others are plain text.

    Returns:
        The table of str.

    Raises:
        InputFileError: A line has too few or too many fields, a misplaced or open quote, or bytes
            that are not text; the message names the line. Or the file is ambiguous; the message
            names the option that decides.
    """
    layout = sniff(source, kind, options)
    dialect = layout.dialect
    separator = next(name for name, sign in SEPARATORS.items() if sign == dialect.separator)
    words = [f"separator={separator}", f"header={'yes' if dialect.header else 'no'}"]
    words += [] if dialect.quotes or separator == "colons" else ["quotes=no"]
    words += [] if dialect.encoding == "utf-8" else [f"encoding={dialect.encoding}"]
    return RawTable(
        _table(source, layout, ids, kind).rename_columns(list(layout.roles)),
        layout.names,
        layout.roles,
        layout.published or "CSV",
        lambda row: f"line {line_of(source, dialect, row)}",
        dialect.header,
        tuple(words),
    )


def _table(source: Source, layout: Layout, ids: frozenset[str], kind: FileKind) -> pa.Table:
    types = {
        str(place): pa.dictionary(pa.int32(), pa.string()) if role in ids else pa.large_string()
        for role, place in layout.roles.items()
    }
    check: QuoteCheck | None = None
    try:
        with source.open() as file:
            stream, separator = _one_character(file, layout.dialect)
            if layout.dialect.quotes:
                check = QuoteCheck(cast(io.BufferedIOBase, stream), separator)
                stream = cast(BinaryIO, check)
            table = arrow_csv.read_csv(
                stream,
                arrow_csv.ReadOptions(
                    column_names=[str(place) for place in range(len(layout.names))],
                    skip_rows=layout.skip,
                    block_size=LONGEST_RECORD,
                    encoding=layout.dialect.encoding,
                ),
                arrow_csv.ParseOptions(
                    delimiter=separator,
                    quote_char='"' if layout.dialect.quotes else False,
                    newlines_in_values=layout.dialect.quotes,
                ),
                arrow_csv.ConvertOptions(
                    column_types=types,
                    include_columns=list(types),
                    null_values=[],
                    strings_can_be_null=False,
                ),
            )
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as error:
        _refuse_quote(source, check, kind)
        raise InputFileError(diagnosis(source, layout.dialect, error)) from error
    _refuse_quote(source, check, kind)
    return table


def _refuse_quote(source: Source, check: QuoteCheck | None, kind: FileKind) -> None:
    if check and check.fault is not None:
        raise InputFileError(
            f"{source}, line {_line_at(source, check.fault)}: a quote that is not closed or "
            "misplaced: close it, double it inside a quoted field, or, where quotes are plain "
            f"characters, say {kind.option} quotes=no"
        )


def _line_at(source: Source, offset: int) -> int:
    """Return the line of a byte; lines end in LF, CR or both."""
    line, last = 1, b""
    with source.open() as file:
        while offset > 0 and (data := file.read(min(offset, 1 << 20))):
            offset -= len(data)
            line += data.count(b"\n") + data.count(b"\r") - (last + data).count(b"\r\n")
            last = data[-1:]
    return line


def _one_character(file: BinaryIO, dialect: Dialect) -> tuple[BinaryIO, str]:
    """Return the stream and its separator, which the fast reader requires to be one character."""
    if len(dialect.separator) == 1:
        return file, dialect.separator
    translated = _Translated(file, dialect.separator.encode())
    return cast(BinaryIO, translated), _UNIT_SEPARATOR.decode()


class _Translated(io.RawIOBase):
    """A stream in which a separator of several bytes has become one control character."""

    def __init__(self, stream: BinaryIO, separator: bytes) -> None:
        self._stream, self._separator, self._rest = stream, separator, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        data = self._rest + self._stream.read(-1 if size is None else size)
        if _UNIT_SEPARATOR in data:
            raise pa.ArrowInvalid("it holds the control character U+001F")
        self._rest = b""
        if size and size > 1 and data.endswith(self._separator[:1]) and len(data) > 1:
            data, self._rest = data[:-1], data[-1:]
        return data.replace(self._separator, _UNIT_SEPARATOR)
