"""Streams interactions, likes, comments and follows into arrays of rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Rows
from threads_pipelines.storage.postgres.binary_copy import EPOCH, INFINITY, MINUS_INFINITY, copy_out
from threads_pipelines.storage.postgres.reading.ids import Lookup
from threads_pipelines.storage.postgres.sql import statement

OUTSIDE = -1
"""``Events.kind`` of a row that is no event: before the window, undated, or of an unknown type."""
_PAIR = {"left": ">i8", "right": ">i8"}
_REPORT_EVERY = 2_000_000


@dataclass(frozen=True, slots=True)
class Window:
    """Events count in (start, end]; both in epoch seconds."""

    start: int
    end: int

    def holds(self, microseconds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether times in PostgreSQL's microseconds lie in the window."""
        return (microseconds > (self.start - EPOCH) * 1_000_000) & (
            microseconds <= (self.end - EPOCH) * 1_000_000
        )

    def offset(self, microseconds: NDArray[np.int64]) -> NDArray[np.int32]:
        """Whole seconds since the start, for times in the window."""
        return (microseconds // 1_000_000 + (EPOCH - self.start)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class EventRows:
    """Every pair in ``user_interaction`` up to the end of the window.

    kind: position in INTERACTION_TYPES inside the window, else OUTSIDE.
    offset: seconds since the window's start.
    """

    user: Rows
    post: Rows
    kind: NDArray[np.int8]
    offset: NDArray[np.int32]
    read: int
    undated: int
    unknown_type: int
    vanished: int


@dataclass(frozen=True, slots=True)
class PairRows:
    """Rows of a table that joins two ids; offset is -1 where its time is outside the window."""

    left: Rows
    right: Rows
    offset: NDArray[np.int32]
    undated: int
    vanished: int


def read_events(
    connection: Connection,
    parameters: Mapping[str, object],
    users: Lookup,
    posts: Lookup,
    window: Window,
    progress: Callable[[str], None],
) -> EventRows:
    """Stream ``user_interaction``; a row whose user or post is not in the snapshot is counted."""
    blocks: tuple[list[NDArray], ...] = ([], [], [], [])
    counts = {"undated": 0, "unknown_type": 0, "vanished": 0}
    reported = done = 0

    def take(rows: NDArray[np.void]) -> None:
        nonlocal reported, done
        user, post = users.rows(rows["user"]), posts.rows(rows["post"])
        known = (user >= 0) & (post >= 0)
        at = rows["at"].astype(np.int64)
        inside = window.holds(at) & known
        typed = rows["kind"] >= 0
        counts["undated"] += _infinite(at)
        counts["vanished"] += int(len(rows) - known.sum())
        counts["unknown_type"] += int((inside & ~typed).sum())
        event = inside & typed
        kind = np.where(event, rows["kind"], OUTSIDE).astype(np.int8)
        offset = window.offset(np.where(event, at, (window.start - EPOCH) * 1_000_000))
        arrays: tuple[NDArray, ...] = (user, post, kind, offset)
        for block, array in zip(blocks, arrays, strict=True):
            block.append(array[known])
        done += len(rows)
        if done - reported >= _REPORT_EVERY:
            reported = done
            progress(f"{done:,} interactions read")

    columns = {"user": ">i8", "post": ">i8", "kind": ">i2", "at": ">i8"}
    given = {**parameters, "types": list(INTERACTION_TYPES)}
    read = copy_out(connection, statement("read_interactions"), given, columns, take)
    user, post, kind, offset = map(_join, blocks)
    return EventRows(user, post, kind, offset, read=read, **counts)


def read_pairs(
    connection: Connection,
    name: str,
    parameters: Mapping[str, object],
    left: Lookup,
    right: Lookup,
    window: Window,
) -> PairRows:
    """Stream the statement ``name``: two hashed ids and a time."""
    blocks: tuple[list[NDArray], ...] = ([], [], [])
    undated = vanished = 0

    def take(rows: NDArray[np.void]) -> None:
        nonlocal undated, vanished
        one, other = left.rows(rows["left"]), right.rows(rows["right"])
        at = rows["at"].astype(np.int64)
        known = (one >= 0) & (other >= 0)
        undated += _infinite(at)
        vanished += int(len(rows) - known.sum())
        inside = window.holds(at)
        offset = np.where(inside, window.offset(np.where(inside, at, 0)), np.int32(-1))
        for block, column in zip(blocks, (one, other, offset), strict=True):
            block.append(column[known])

    copy_out(connection, statement(name), parameters, {**_PAIR, "at": ">i8"}, take)
    one, other, offset = map(_join, blocks)
    return PairRows(one, other, offset, undated, vanished)


def _infinite(at: NDArray[np.int64]) -> int:
    return int(((at == INFINITY) | (at == MINUS_INFINITY)).sum())


def _join(blocks: list[NDArray]) -> NDArray:
    """One array of the blocks, which are let go at once: at most one column is there twice."""
    joined = np.concatenate(blocks) if blocks else np.empty(0, np.int32)
    blocks.clear()
    return joined
