"""Tables that do not fit in memory and are read more than once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class RepeatableTables:
    """An iterable of tables that can be read again. ``read`` yields them in the same order."""

    read: Callable[[], Iterable[pa.Table]]

    def __iter__(self) -> Iterator[pa.Table]:
        """Read the tables from the first one."""
        return iter(self.read())


def of_users(tables: Iterable[pa.Table], user_ids: pa.Array) -> RepeatableTables:
    """Select the rows of some users.

    Args:
        tables: Rows with user_id; they can be read again.
        user_ids: String array of ids.

    Returns:
        The rows, which can be read again.
    """
    return RepeatableTables(lambda: (table.filter(_among(table, user_ids)) for table in tables))


def without_users(tables: Iterable[pa.Table], user_ids: pa.Array) -> RepeatableTables:
    """Select the rows of all other users.

    Args:
        tables: Rows with user_id; they can be read again.
        user_ids: String array of ids.

    Returns:
        The rows, which can be read again.
    """
    return RepeatableTables(
        lambda: (table.filter(pc.invert(_among(table, user_ids))) for table in tables)
    )


def users_in(tables: Iterable[pa.Table]) -> set[str]:
    """Collect the users who have a row.

    Args:
        tables: Rows with user_id.

    Returns:
        Their ids.
    """
    return {user for table in tables for user in pc.unique(table["user_id"]).to_pylist()}


def _among(table: pa.Table, user_ids: pa.Array) -> pa.ChunkedArray:
    return pc.is_in(table["user_id"], value_set=user_ids)
