"""Tables that are too large to be held, and are read more than once."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, slots=True)
class RepeatableTables:
    """An iterable that begins anew each time. read: yields the tables, in the same order."""

    read: Callable[[], Iterable[pa.Table]]

    def __iter__(self) -> Iterator[pa.Table]:
        """Read the tables from the first one on."""
        return iter(self.read())


def of_users(tables: Iterable[pa.Table], user_ids: pa.Array) -> RepeatableTables:
    """Rows of these users alone; ``tables`` can be read again, and so can the result."""
    return RepeatableTables(lambda: (table.filter(_among(table, user_ids)) for table in tables))


def without_users(tables: Iterable[pa.Table], user_ids: pa.Array) -> RepeatableTables:
    """Rows of all other users; ``tables`` can be read again, and so can the result."""
    return RepeatableTables(
        lambda: (table.filter(pc.invert(_among(table, user_ids))) for table in tables)
    )


def users_in(tables: Iterable[pa.Table]) -> set[str]:
    """Ids of the users who have a row."""
    return {user for table in tables for user in pc.unique(table["user_id"]).to_pylist()}


def _among(table: pa.Table, user_ids: pa.Array) -> pa.ChunkedArray:
    return pc.is_in(table["user_id"], value_set=user_ids)
