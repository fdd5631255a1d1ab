"""A CSV file as columns of text, exactly as it stands: no type, no missing value is guessed.

The fast reader is pyarrow's. Where it fails, or a value is wrong, the file is read once more,
slowly, to name the line.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
from pyarrow import csv as arrow_csv

from threads_pipelines.errors import InputFileError

_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BLOCK = 16 << 20
"""Bytes read at a time; no single record may be longer."""
_LONGEST_FIELD = _BLOCK


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a file, all of one length; a column that the file lacks is not there.

    ids: dictionary-encoded columns of str. texts: plain columns of str.
    """

    path: Path
    rows: int
    ids: dict[str, pa.DictionaryArray]
    texts: dict[str, pa.Array]

    def fault(self, row: int, field: str, what: str) -> InputFileError:
        """The error to raise for a value: ``row`` counts data rows from 0."""
        return InputFileError(f"{self.path}, line {_line_of(self.path, row)}, {field}: {what}")


def read_table(path: Path, required: tuple[str, ...], texts: tuple[str, ...]) -> Table:
    """Read the columns ``required`` (ids, none may be empty) and those of ``texts`` that are there.

    ``author_id`` among ``texts`` is read as an id too, but may be empty. Other columns are left
    alone. Plain or gzip, UTF-8 with or without a byte-order mark, any line ends.
    Raises InputFileError naming the file, the line and the field.
    """
    with _explained(path):
        names, skip = _header(path)
    wanted = {name: names.index(name) for name in (*required, *texts) if name in names}
    for name in required:
        if name not in wanted:
            raise InputFileError(f"{path}, line 1: no column {name!r}; it has {', '.join(names)}")
    for name in wanted:
        if names.count(name) > 1:
            raise InputFileError(
                f"{path}, line 1: column {name!r} is there {names.count(name)} times"
            )
    identifiers = {*required, "author_id"} & set(wanted)
    kinds = {
        str(place): pa.dictionary(pa.int32(), pa.string())
        if name in identifiers
        else pa.large_string()
        for name, place in wanted.items()
    }
    with _explained(path), _open(path) as file:
        table = arrow_csv.read_csv(
            file,
            arrow_csv.ReadOptions(
                column_names=[str(i) for i in range(len(names))], skip_rows=skip, block_size=_BLOCK
            ),
            arrow_csv.ParseOptions(newlines_in_values=True),
            arrow_csv.ConvertOptions(
                column_types=kinds,
                include_columns=list(kinds),
                null_values=[],
                strings_can_be_null=False,
            ),
        )
    table = table.unify_dictionaries().combine_chunks()
    columns = {name: table.column(str(place)) for name, place in wanted.items()}
    result = Table(
        path,
        table.num_rows,
        {name: _one(column) for name, column in columns.items() if name in identifiers},
        {name: _one(column) for name, column in columns.items() if name not in identifiers},
    )
    _check_ids(result, required)
    return result


def _one(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _check_ids(table: Table, required: tuple[str, ...]) -> None:
    for name in required:
        values = table.ids[name].dictionary.to_pylist()
        if "" in values:
            empty = values.index("")
            row = table.ids[name].indices.to_numpy().tolist().index(empty)
            raise table.fault(row, name, "is empty")


def _header(path: Path) -> tuple[list[str], int]:
    """Names of the columns, and how many lines they take."""
    with _open(path) as file:
        start = file.read(4)
    if not start:
        raise InputFileError(f"{path} is empty: the first line names the columns")
    if start.startswith(_UTF16):
        raise InputFileError(f"{path}, line 1: is UTF-16: save it as UTF-8")
    with _records(path) as records:
        for line, record in records:
            if record:
                return [name.strip() for name in record], line
    raise InputFileError(f"{path} has no header: the first line names the columns")


@contextmanager
def _open(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, decompressed where its first bytes say gzip."""
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
        if path.suffix == ".gz" and not packed and file.tell():
            raise InputFileError(f"{path} is named .gz but is not a gzip file")
        file.seek(0)
        if packed:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield unpacked  # type: ignore[misc]  # GzipFile is a BinaryIO in all but name
        else:
            yield file


@contextmanager
def _records(path: Path, *, strict: bool = False) -> Iterator[Iterator[tuple[int, list[str]]]]:
    """(last line, fields) of each record, read slowly; the header is the first."""
    csv.field_size_limit(_LONGEST_FIELD)
    with _open(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
        reader = csv.reader(text, strict=strict)
        yield ((reader.line_num, record) for record in reader)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what the readers raise into one error that names the file and, where known, the line."""
    try:
        yield
    except FileNotFoundError as error:
        raise InputFileError(f"{path} does not exist") from error
    except OSError as error:
        if isinstance(error, gzip.BadGzipFile):
            raise InputFileError(f"{path} is damaged: {error}") from error
        raise InputFileError(f"{path} cannot be read: {error.strerror or error}") from error
    except EOFError as error:
        raise InputFileError(
            f"{path} ends inside line {_lines(path)}, in the middle of the gzip data: copy it again"
        ) from error
    except zlib.error as error:
        raise InputFileError(f"{path} is damaged: {error}") from error
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as error:
        raise InputFileError(_diagnosis(path, error)) from error


def _diagnosis(path: Path, error: Exception) -> str:
    with _open(path) as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as fault:
                return f"{path}, line {number}: not UTF-8 (byte {fault.start + 1} of the line)"
    width, last = 0, 0
    try:
        with _records(path, strict=True) as records:
            for last, record in records:
                width = width or len(record)
                if record and len(record) != width:
                    return f"{path}, line {last}: {len(record)} fields, the header has {width}"
    except csv.Error as fault:
        return f"{path}, line {last + 1}: a quote that is not closed or misplaced ({fault})"
    return f"{path} is not the CSV that was expected: {error}"


def _lines(path: Path) -> int:
    """Lines of a gzip file up to where it breaks off, the last one included."""
    lines = 0
    with _open(path) as file, suppress(EOFError):
        for _ in file:
            lines += 1
    return lines + 1


def _line_of(path: Path, row: int) -> int:
    """Line on which data row ``row`` (from 0) begins."""
    begins, found = 1, -2
    with _records(path) as records:
        for last, record in records:
            if record:
                found += 1
                if found == row:
                    return begins
            begins = last + 1
    return begins
