"""Columns of arrays into a table by COPY; a retry adds nothing twice."""

import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from psycopg2 import sql
from psycopg2.errors import UniqueViolation
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case
from pyarrow import csv

from threads_pipelines.errors import DataError
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.worker_pool import WorkerPool

if TYPE_CHECKING:
    from sqlalchemy import Engine

Columns = Mapping[str, NDArray]


def copy_rows(engine: "Engine", table: str, columns: Columns) -> int:
    """Add rows to a table in one transaction; returns how many were not there yet.

    columns: name to (n,) array. Bytes (``S``) and str are text, None is NULL; integers in a column
        whose name ends in ``_at`` are epoch milliseconds (UTC); a list is a TEXT[].
    Raises DataError for a NUL character, text that is no Unicode, and a NULL inside a list.
    """
    return sum(copy_batches(engine, table, [columns], connections=1))


def copy_batches(
    engine: "Engine", table: str, batches: Iterable[Columns], *, connections: int = 2
) -> Iterator[int]:
    """Add batches as ``copy_rows`` does, some at the same time; yields the new rows of each."""

    @contextmanager
    def copier() -> Iterator[Callable[[Columns], int]]:
        with session(engine) as connection:
            yield lambda columns: _copy(connection, table, columns)

    yield from WorkerPool(iter(batches), connections, copier).run()


def _copy(connection: Connection, table: str, columns: Columns) -> int:
    body = _csv(table, columns)
    target = sql.Identifier(table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor:
        try:  # all rows are new but in a retry: straight in
            cursor.copy_expert(_copy_statement(connection, target, names), body)
        except UniqueViolation:
            connection.rollback()
        else:
            connection.commit()
            return cursor.rowcount
        body.seek(0)
        stage = sql.Identifier("pg_temp", "stage_rows")
        cursor.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE stage_rows ON COMMIT DROP AS SELECT {} FROM {} LIMIT 0"
            ).format(names, target)
        )
        cursor.copy_expert(_copy_statement(connection, stage, names), body)
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
                target, names, names, stage
            )
        )
        added = cursor.rowcount
    connection.commit()
    return added


def _copy_statement(connection: Connection, target: sql.Composable, names: sql.Composable) -> str:
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(target, names)
    return copy.as_string(connection)


def arrow_table(table: str, columns: Columns) -> pa.Table:
    """Columns as ``copy_rows`` takes them, as typed columns of text, times and numbers."""
    return pa.table(
        {name: _column(f"{table}.{name}", name, array) for name, array in columns.items()}
    )


def _csv(table: str, columns: Columns) -> io.BytesIO:
    """CSV in which only a NULL is without quotes."""
    buffer = pa.BufferOutputStream()
    options = csv.WriteOptions(include_header=False, quoting_style="all_valid")
    csv.write_csv(arrow_table(table, columns), buffer, options)
    return io.BytesIO(buffer.getvalue())


def _column(where: str, name: str, array: NDArray) -> pa.Array:
    if array.dtype.kind in "iu" and name.endswith("_at"):
        return pa.array(array, pa.timestamp("ms"))
    if array.dtype.kind not in "SUO":
        return pa.array(array)
    try:
        if array.dtype.kind == "S":
            text = pa.array(array, pa.binary()).cast(pa.string())
        else:
            text = pa.array([_text(where, row, value) for row, value in enumerate(array)])
            text = text.cast(pa.string())  # a column of None alone has no type yet
    except (pa.ArrowInvalid, pa.ArrowTypeError, UnicodeEncodeError) as error:
        raise DataError(f"{where} holds something that is not text: {error}") from error
    bad = pc.index(pc.match_substring(text, "\0"), True).as_py()
    if bad >= 0:
        raise DataError(f"{where}, row {bad}: a NUL character, which PostgreSQL cannot store")
    return text


def _text(where: str, row: int, value: object) -> object:
    """The value itself, or a list as PostgreSQL writes an array of text."""
    if not isinstance(value, list):
        return value
    if not all(isinstance(item, str) for item in value):
        raise DataError(f"{where}, row {row}: a list may hold only text, never a NULL")
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value)
    return "{" + ",".join(quoted) + "}"
