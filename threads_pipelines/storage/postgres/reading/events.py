"""Streams likes, comments and follows into arrays, and selects the interactions that are events."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.dataset.snapshot import Rows
from threads_pipelines.storage.postgres.binary_copy import EPOCH, INFINITY, MINUS_INFINITY, copy_out
from threads_pipelines.storage.postgres.reading.ids import Lookup
from threads_pipelines.storage.postgres.reading.interactions import InteractionRows, joined
from threads_pipelines.storage.postgres.sql import statement

OUTSIDE = -1
"""``Events.kind`` of a row that is no event: before the window, undated, or of an unknown type."""
_PAIR = {"left": ">i8", "right": ">i8", "at": ">i8"}


@dataclass(frozen=True, slots=True)
class Window:
    """The look-back window (start, end], in epoch seconds."""

    start: int
    end: int

    def holds(self, microseconds: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which times are in the window.

        Args:
            microseconds: (n,) int64 times in PostgreSQL's microseconds.

        Returns:
            (n,) bool.
        """
        return (microseconds > (self.start - EPOCH) * 1_000_000) & (
            microseconds <= (self.end - EPOCH) * 1_000_000
        )

    def offset(self, microseconds: NDArray[np.int64]) -> NDArray[np.int32]:
        """Convert times in the window to seconds since its start.

        Args:
            microseconds: (n,) int64 times in PostgreSQL's microseconds, inside the window.

        Returns:
            (n,) int32 whole seconds.
        """
        return (microseconds // 1_000_000 + (EPOCH - self.start)).astype(np.int32)


@dataclass(frozen=True, slots=True)
class EventRows:
    """Every pair in ``user_interaction`` up to the end of the window.

    Attributes:
        user: (n,) int32, row of the account.
        post: (n,) int32, row of the post.
        kind: (n,) int8, position in INTERACTION_TYPES inside the window, else ``OUTSIDE``.
        offset: (n,) int32, seconds since the window's start.
        read: Number of rows that were read.
        undated: Number of rows with an infinite time.
        unknown_type: Number of rows with another type.
        vanished: Number of rows with an unknown account or post.
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
    """Rows of a table that joins two ids.

    Attributes:
        left: (n,) int32, row of the first id.
        right: (n,) int32, row of the second id.
        offset: (n,) int32, seconds since the window's start; -1 outside the window.
        undated: Number of rows with an infinite time.
        vanished: Number of rows with an unknown id.
    """

    left: Rows
    right: Rows
    offset: NDArray[np.int32]
    undated: int
    vanished: int


def events_in(rows: InteractionRows, window: Window) -> EventRows:
    """Select the interactions that are events of the window.

    Args:
        rows: The interactions.
        window: The look-back window.

    Returns:
        All pairs, with the events marked.
    """
    inside = window.holds(rows.at)
    typed = rows.kind >= 0
    event = inside & typed
    at = np.where(event, rows.at, (window.start - EPOCH) * 1_000_000)
    return EventRows(
        user=rows.user,
        post=rows.post,
        kind=np.where(event, rows.kind, np.int8(OUTSIDE)),
        offset=window.offset(at),
        read=rows.read,
        undated=_infinite(rows.at),
        unknown_type=int((inside & ~typed).sum()),
        vanished=rows.vanished,
    )


def read_pairs(
    connection: Connection,
    name: str,
    parameters: Mapping[str, object],
    left: Lookup,
    right: Lookup,
    window: Window,
) -> PairRows:
    """Run a statement that returns two hashed ids and a time.

    Args:
        connection: The connection.
        name: Name of the statement.
        parameters: Its parameters.
        left: Rows of the first id by hash.
        right: Rows of the second id by hash.
        window: The look-back window.

    Returns:
        The rows with known ids.
    """
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

    copy_out(connection, statement(name), parameters, _PAIR, take)
    one, other, offset = (joined(block, np.int32) for block in blocks)
    return PairRows(one, other, offset, undated, vanished)


def _infinite(at: NDArray[np.int64]) -> int:
    return int(((at == INFINITY) | (at == MINUS_INFINITY)).sum())
