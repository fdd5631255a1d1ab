"""Writes columns of arrays to a table by COPY; repeating it adds no row twice."""

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
    """Add rows to a table in one transaction; rows that exist are skipped.

    Args:
        engine: The app's database.
        table: Name of the table.
        columns: (n,) arrays by column. Bytes (``S``) and str are text, None is NULL; integers in a
            column whose name ends in ``_at`` are epoch milliseconds (UTC); a list is a TEXT[].

    Returns:
        Number of new rows.

    Raises:
        DataError: A text has a NUL character or is not valid Unicode, or a list has a NULL.
    """
    return sum(copy_batches(engine, table, [columns], connections=1))


def copy_batches(
    engine: "Engine", table: str, batches: Iterable[Columns], *, connections: int = 2
) -> Iterator[int]:
    """Add batches of rows as ``copy_rows`` does, over several connections.

    Args:
        engine: The app's database.
        table: Name of the table.
        batches: Columns of each batch, as ``copy_rows`` takes them.
        connections: Number of connections, at least 1.

    Yields:
        Number of new rows of each batch.

    Raises:
        DataError: As in ``copy_rows``.
    """

    @contextmanager
    def copier() -> Iterator[Callable[[Columns], int]]:
        with session(engine) as connection:
            yield lambda columns: _copy(connection, table, columns)

    yield from WorkerPool(iter(batches), connections, copier).run()


def _copy(connection: Connection, table: str, columns: Columns) -> int:
    body = csv_of(table, columns)
    target = sql.Identifier(table)
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    with connection.cursor() as cursor:
        try:  # all rows are new but in a retry: straight in
            cursor.copy_expert(copy_statement(connection, target, names), body)
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
        cursor.copy_expert(copy_statement(connection, stage, names), body)
        cursor.execute(
            sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT DO NOTHING").format(
                target, names, names, stage
            )
        )
        added = cursor.rowcount
    connection.commit()
    return added


def copy_statement(connection: Connection, target: sql.Composable, names: sql.Composable) -> str:
    """Make the COPY statement for what ``csv_of`` returns.

    Args:
        connection: The connection, for quoting.
        target: The table.
        names: Its columns.

    Returns:
        The statement.
    """
    copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(target, names)
    return copy.as_string(connection)


def arrow_table(table: str, columns: Columns) -> pa.Table:
    """Convert columns to a typed Arrow table.

    Args:
        table: Name of the table, for messages.
        columns: Columns as ``copy_rows`` takes them.

    Returns:
        The table, with columns of text, times and numbers.

    Raises:
        DataError: As in ``copy_rows``.
    """
    return pa.table(
        {name: _column(f"{table}.{name}", name, array) for name, array in columns.items()}
    )


def csv_of(table: str, columns: Columns) -> io.BytesIO:
    """Format columns as CSV in which only a NULL is unquoted.

    Args:
        table: Name of the table, for messages.
        columns: Columns as ``copy_rows`` takes them.

    Returns:
        The CSV.

    Raises:
        DataError: As in ``copy_rows``.
    """
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
    """Return the value itself, or a list in PostgreSQL's format of a text array."""
    if not isinstance(value, list):
        return value
    if not all(isinstance(item, str) for item in value):
        raise DataError(f"{where}, row {row}: a list may hold only text, never a NULL")
    quoted = ('"' + item.replace("\\", "\\\\").replace('"', '\\"') + '"' for item in value)
    return "{" + ",".join(quoted) + "}"
