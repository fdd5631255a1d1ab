"""PostgreSQL's binary COPY format for rows of fixed width, without a loop over rows.

A row has an int16 number of fields, and for each field an int32 length and the value, all
big-endian. See https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format".
"""

import io
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.errors import DataError

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
EPOCH = 946_684_800
"""PostgreSQL counts microseconds from 2000-01-01; this is that instant in epoch seconds."""
INFINITY = np.iinfo(np.int64).max
MINUS_INFINITY = np.iinfo(np.int64).min
_BLOCK = 1 << 20
_NULL = "a column that is NOT NULL in the contract holds a NULL: check the contract"


def row_type(columns: Mapping[str, str]) -> np.dtype:
    """Make the structured dtype of a row.

    Args:
        columns: Big-endian numpy code of each column by name, such as ``>i8``.

    Returns:
        The dtype, with the lengths that the format puts before each value.
    """
    fields: list[tuple[str, str]] = [("fields", ">i2")]
    for name, code in columns.items():
        fields += [(f"length of {name}", ">i4"), (name, code)]
    return np.dtype(fields)


def encode(columns: Mapping[str, NDArray], codes: Mapping[str, str]) -> bytes:
    """Encode rows as the body of a binary COPY, without header and trailer.

    Args:
        columns: (n,) arrays by name.
        codes: Big-endian numpy code of each column, in the order of the table's columns.

    Returns:
        The encoded rows.
    """
    kind = row_type(codes)
    rows = np.zeros(len(next(iter(columns.values()))), kind)
    rows["fields"] = len(codes)
    for name in codes:
        rows[f"length of {name}"] = kind[name].itemsize
        rows[name] = columns[name]
    return rows.tobytes()


def copy_out(
    connection: Connection,
    query: str,
    parameters: Mapping[str, object],
    columns: Mapping[str, str],
    consume: Callable[[NDArray[np.void]], None],
) -> int:
    """Run a query by COPY and pass its rows on in blocks of about a megabyte.

    Args:
        connection: The connection.
        query: The query, with psycopg2 parameters.
        parameters: Values of the parameters by name.
        columns: Big-endian numpy code of each column by name, in the order of the query.
        consume: Receives structured arrays with these fields; they are valid only during the call.

    Returns:
        Number of rows.

    Raises:
        DataError: A value is NULL.
    """
    sink = _Decoder(row_type(columns), len(columns), consume)
    with connection.cursor() as cursor:
        text = cursor.mogrify(query, parameters).decode()
        # psycopg2 writes row by row: the buffered writer gathers them without running Python.
        with io.BufferedWriter(sink, _BLOCK) as buffer:
            cursor.copy_expert(f"COPY ({text}) TO STDOUT (FORMAT binary)", buffer, _BLOCK)
    if sink.rest != TRAILER:
        raise DataError(_NULL)
    return sink.rows


class _Decoder(io.RawIOBase):
    """Decodes the bytes of a binary COPY as they arrive."""

    def __init__(
        self, kind: np.dtype, fields: int, consume: Callable[[NDArray[np.void]], None]
    ) -> None:
        super().__init__()
        self._kind, self._fields, self._consume = kind, fields, consume
        self.rest = b""
        self._begun = False
        self.rows = 0

    def writable(self) -> bool:
        return True

    def write(self, block: object) -> int:
        data = bytes(block)  # type: ignore[call-overload]  # a buffer: io's own stub says object
        size, data = len(data), self.rest + data
        if not self._begun:
            if len(data) < len(HEADER):
                self.rest = data
                return size
            data, self._begun = data[len(HEADER) :], True
        count = len(data) // self._kind.itemsize
        if count:
            rows = np.frombuffer(data, self._kind, count)
            self._check(rows)
            self._consume(rows)
            self.rows += count
        self.rest = data[count * self._kind.itemsize :]
        return size

    def _check(self, rows: NDArray[np.void]) -> None:
        names = self._kind.names or ()
        right = rows["fields"] == self._fields
        for length, name in zip(names[1::2], names[2::2], strict=True):
            right &= rows[length] == self._kind[name].itemsize
        if not right.all():
            raise DataError(
                "a column that is NOT NULL in the contract holds a NULL: check the contract"
            )
