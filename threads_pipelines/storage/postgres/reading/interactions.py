"""Streams rows of ``user_interaction`` into arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Rows
from threads_pipelines.storage.postgres.binary_copy import copy_out
from threads_pipelines.storage.postgres.reading.ids import Lookup
from threads_pipelines.storage.postgres.sql import statement

_COLUMNS = {"user": ">i8", "post": ">i8", "kind": ">i2", "at": ">i8"}
_REPORT_EVERY = 2_000_000


@dataclass(frozen=True, slots=True)
class InteractionRows:
    """Stored interactions of known accounts and posts, in no particular order.

    Attributes:
        user: (n,) int32, row of the account.
        post: (n,) int32, row of the post.
        kind: (n,) int8, position in INTERACTION_TYPES; -1 for any other type.
        at: (n,) int64, PostgreSQL's microseconds, infinities included.
        read: Number of rows in the database.
        vanished: Number of these rows that are left out because their account or post is unknown.
    """

    user: Rows
    post: Rows
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    read: int
    vanished: int

    def __len__(self) -> int:
        """Count of rows."""
        return len(self.user)

    def where(self, chosen: NDArray[np.bool_]) -> "InteractionRows":
        """Select rows.

        Args:
            chosen: (n,) bool.

        Returns:
            The selected rows.
        """
        return InteractionRows(
            self.user[chosen],
            self.post[chosen],
            self.kind[chosen],
            self.at[chosen],
            int(chosen.sum()),
            0,
        )

    @classmethod
    def concatenate(cls, parts: Sequence["InteractionRows"]) -> "InteractionRows":
        """Join parts.

        Args:
            parts: At least one part.

        Returns:
            All rows.
        """
        return cls(
            np.concatenate([part.user for part in parts]),
            np.concatenate([part.post for part in parts]),
            np.concatenate([part.kind for part in parts]),
            np.concatenate([part.at for part in parts]),
            sum(part.read for part in parts),
            sum(part.vanished for part in parts),
        )


def read_interactions(
    connection: Connection,
    name: str,
    parameters: Mapping[str, object],
    users: Lookup,
    posts: Lookup,
    progress: Callable[[str], None],
) -> InteractionRows:
    """Run a statement that returns two hashed ids, the type's position and a time.

    Args:
        connection: The connection.
        name: Name of the statement.
        parameters: Its parameters.
        users: Rows of the accounts by hash.
        posts: Rows of the posts by hash.
        progress: Called with one sentence at a time.

    Returns:
        The rows with known ids.
    """
    blocks: tuple[list[NDArray], ...] = ([], [], [], [])
    reported = done = vanished = 0

    def take(rows: NDArray[np.void]) -> None:
        nonlocal reported, done, vanished
        user, post = users.rows(rows["user"]), posts.rows(rows["post"])
        known = (user >= 0) & (post >= 0)
        vanished += int(len(rows) - known.sum())
        arrays: tuple[NDArray, ...] = (
            user,
            post,
            rows["kind"].astype(np.int8),
            rows["at"].astype(np.int64),
        )
        for block, array in zip(blocks, arrays, strict=True):
            block.append(array[known])
        done += len(rows)
        if done - reported >= _REPORT_EVERY:
            reported = done
            progress(f"{done:,} interactions read")

    given = {**parameters, "types": list(INTERACTION_TYPES)}
    read = copy_out(connection, statement(name), given, _COLUMNS, take)
    kinds: tuple[Any, ...] = (np.int32, np.int32, np.int8, np.int64)
    user, post, kind, at = (
        joined(block, dtype) for block, dtype in zip(blocks, kinds, strict=True)
    )
    return InteractionRows(user, post, kind, at, read, vanished)


def joined(blocks: list[NDArray], dtype: Any) -> NDArray:
    """Join blocks into one array and empty the list, so that at most one column is in memory twice.

    Args:
        blocks: Arrays; the list is emptied.
        dtype: Type of the result if there is no block.

    Returns:
        (n,) array.
    """
    array = np.concatenate(blocks) if blocks else np.empty(0, dtype)
    blocks.clear()
    return array
