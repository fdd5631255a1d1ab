"""A file of any format as columns: each named by its role, as unchanged text."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.delimited import read_delimited
from threads_pipelines.files.formats.explained import explained
from threads_pipelines.files.formats.jsonlines import read_json_lines
from threads_pipelines.files.formats.kinds import FileKind, RawTable
from threads_pipelines.files.formats.options import FileOptions
from threads_pipelines.files.formats.parquet import MAGIC, read_parquet
from threads_pipelines.files.formats.source import Source

_IDS = frozenset({"user", "post", "author"})


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a file by role, all of the same length; roles that the file lacks are missing.

    Attributes:
        source: The file.
        kind: Purpose of the file.
        options: What the user says about the file.
        raw: What the reader of the format found.
        ids: Dictionary-encoded columns of str without surrounding white space, each value once.
        texts: Other columns, of str. ``time`` may have timestamps or dates, null if missing.
    """

    source: Source
    kind: FileKind
    options: FileOptions
    raw: RawTable
    ids: dict[str, pa.DictionaryArray]
    texts: dict[str, pa.Array]

    @property
    def rows(self) -> int:
        """Count of data rows."""
        return int(self.raw.data.num_rows)

    def fault(self, row: int, role: str, what: str) -> InputFileError:
        """Make the error for a value.

        Args:
            row: Number of the data row, from 0.
            role: Role of the column.
            what: What is wrong.

        Returns:
            The error to raise.
        """
        name = self.raw.names[self.raw.roles[role]]
        return InputFileError(f"{self.source}, {self.raw.place(row)}, {name}: {what}")

    def choice(self, times: str | None) -> str:
        """Describe how the file was read, as the option that would request the same.

        Args:
            times: The unit of times that ``read_times`` found; None without times.

        Returns:
            The option.
        """
        names = self.raw.names
        words = [
            f"{role}={at + 1 if set(names[at]) & set(',=') or not names[at] else names[at]}"
            for role, at in self.raw.roles.items()
        ]
        if not self.raw.header:
            words = [f"{role}={at + 1}" for role, at in self.raw.roles.items()]
        words += [*self.raw.dialect, *([f"times={times}"] if times else [])]
        rest = [names[at] for at in range(len(names)) if at not in self.raw.roles.values()]
        packed = "".join(f" in {kind}" for kind in reversed(self.source.packing))
        unread = f"; not read: {', '.join(rest[:20])}{', …' if len(rest) > 20 else ''}"
        return (
            f"{self.source} is {self.raw.form}{packed}, read as {self.kind.option} "
            f"{','.join(words)}{unread if rest else ''}"
        )


def read_table(source: Source, kind: FileKind, options: FileOptions) -> Table:
    """Read the columns of a file, in the format that its first bytes show.

    Formats are delimited text, JSON lines and Parquet, plain or compressed. No id of a required
    column may be empty.

    Args:
        source: The file.
        kind: Purpose of the file.
        options: What the user says about the file.

    Returns:
        The columns.

    Raises:
        InputFileError: The file is invalid or ambiguous; the message names line and column, or the
            option that decides.
    """
    with explained(source):
        raw = _read(source, kind, options)
    table = Table(
        source,
        kind,
        options,
        raw,
        {role: _trimmed(raw.data.column(role)) for role in raw.roles if role in _IDS},
        {role: _one(raw.data.column(role)) for role in raw.roles if role not in _IDS},
    )
    for role in kind.required:
        values = table.ids[role].dictionary.to_pylist()
        if "" in values:
            rows = table.ids[role].indices.to_numpy()
            raise table.fault(int((rows == values.index("")).argmax()), role, "is empty")
    return table


def _read(source: Source, kind: FileKind, options: FileOptions) -> RawTable:
    with source.open() as file:
        start = file.read(4096)
    if start.startswith(MAGIC):
        return read_parquet(source, kind, options, _IDS)
    opening = start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if opening == b"[":
        raise InputFileError(f"{source}, line 1: is a JSON list: write one object a line")
    if opening == b"{":
        return read_json_lines(source, kind, options, _IDS)
    return read_delimited(source, kind, options, _IDS)


def _one(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):  # what pyarrow makes of no chunk at all
        return whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    return whole


def _trimmed(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return an id column without white space around its values."""
    if not pa.types.is_dictionary(column.type):
        column = pc.dictionary_encode(pc.cast(column, pa.string()))
    one = _one(column.unify_dictionaries())
    values = pc.dictionary_encode(pc.utf8_trim_whitespace(one.dictionary))
    return pa.DictionaryArray.from_arrays(values.indices.take(one.indices), values.dictionary)
