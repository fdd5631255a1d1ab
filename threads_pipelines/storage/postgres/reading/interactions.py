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
    """Rows as they are stored, of accounts and posts that are known; in no particular order.

    user, post: (n,) int32, rows of the accounts and posts.
    kind: (n,) int8, position in INTERACTION_TYPES, -1 for any other type.
    at: (n,) int64, microseconds as PostgreSQL counts them, infinities included.
    read: how many rows the database holds; vanished: those of them that are left out here because
        their account or post is not known.
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
        """The chosen rows alone; chosen: (n,) bool."""
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
        """Join parts; at least one."""
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
    """Stream the statement ``name``: two hashed ids, the type's position and a time."""
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
    """One array of the blocks, which are emptied: at most one column is in memory twice."""
    array = np.concatenate(blocks) if blocks else np.empty(0, dtype)
    blocks.clear()
    return array
