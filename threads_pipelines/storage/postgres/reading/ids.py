"""Reads accounts and posts, and maps 64-bit hashes of their ids to rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.dataset.identity import EMAIL_DOMAIN, TEST_ACCOUNTS, is_synthetic
from threads_pipelines.dataset.snapshot import Ids, Mask, Rows, Times
from threads_pipelines.errors import DataError
from threads_pipelines.storage.postgres.sql import statement

SEEDS = range(3)
"""Seeds of the hash, tried until no two ids collide: at 2^64 one is hardly ever needed."""
_FETCH = 20_000


class HashCollisionError(Exception):
    """Two ids have the same hash under one seed."""


class Lookup:
    """Rows of ids by hash.

    Args:
        hashes: (n,) int64, the hash of the id of each row.

    Raises:
        HashCollisionError: Two rows have the same hash.
    """

    def __init__(self, hashes: NDArray[np.int64]) -> None:
        self.hashes = hashes
        self._order = np.argsort(hashes, kind="stable").astype(np.int32)
        self._sorted = hashes[self._order]
        if (self._sorted[1:] == self._sorted[:-1]).any():
            raise HashCollisionError

    def rows(self, hashes: NDArray) -> Rows:
        """Find the rows of hashes.

        Args:
            hashes: (m,) int64.

        Returns:
            (m,) int32 rows; -1 for an unknown hash.
        """
        wanted = hashes.astype(np.int64, copy=False)
        if not len(self._sorted):
            return np.full(len(wanted), -1, np.int32)
        places = np.searchsorted(self._sorted, wanted)
        np.minimum(places, len(self._sorted) - 1, out=places)
        return np.where(self._sorted[places] == wanted, self._order[places], np.int32(-1))


@dataclass(frozen=True, slots=True)
class AccountRows:
    """The accounts: (n,) ids in code-point order, (n,) bool whether synthetic, and rows by hash."""

    ids: Ids
    synthetic: Mask
    lookup: Lookup


@dataclass(frozen=True, slots=True)
class PostRows:
    """The posts. ``ids`` are in code-point order; ``original`` is the reposted post's row or -1."""

    ids: Ids
    author: Rows
    original: Rows
    is_repost: Mask
    created_at: Times
    content: Ids
    lookup: Lookup
    undated: int
    """Posts left out because their time is infinite."""


def read_ids(connection: Connection, as_of: object) -> tuple[AccountRows, PostRows, int]:
    """Read accounts and posts under a hash seed without collisions.

    Args:
        connection: The connection.
        as_of: Naive UTC; later accounts and posts are left out.

    Returns:
        The accounts, the posts and the seed.

    Raises:
        DataError: Ids collide under every seed.
    """
    for seed in SEEDS:
        try:
            accounts = _read_accounts(connection, {"as_of": as_of, "seed": seed})
            return accounts, _read_posts(connection, {"as_of": as_of, "seed": seed}, accounts), seed
        except HashCollisionError:
            continue
    raise DataError(f"ids collide under each of {len(SEEDS)} hash seeds: are ids stored twice?")


def _read_accounts(connection: Connection, parameters: Mapping[str, object]) -> AccountRows:
    ids: list[str] = []
    synthetic: list[bool] = []
    hashes: list[int] = []

    def take(rows: list[tuple[Any, ...]]) -> None:
        for identifier, hashed, email in rows:
            ids.append(identifier)
            hashes.append(hashed)
            synthetic.append(email is not None and is_synthetic(identifier, email))

    emails = {"synthetic": f"%@{EMAIL_DOMAIN}", "test_accounts": list(TEST_ACCOUNTS)}
    _stream(connection, "read_users", {**parameters, **emails}, take)
    return AccountRows(
        np.array(ids, object), np.array(synthetic, bool), Lookup(np.array(hashes, np.int64))
    )


def _read_posts(
    connection: Connection, parameters: Mapping[str, object], accounts: AccountRows
) -> PostRows:
    ids: list[str] = []
    content: list[str] = []
    numbers: list[tuple[int, int, int, bool, int]] = []

    def take(rows: list[tuple[Any, ...]]) -> None:
        for identifier, hashed, author, original, created_at, text in rows:
            ids.append(identifier)
            content.append(text)
            numbers.append((hashed, author, original or 0, original is not None, created_at))

    _stream(connection, "read_posts", parameters, take)
    with connection.cursor() as cursor:
        cursor.execute(statement("count_undated_posts"))
        ((undated,),) = cursor.fetchall()
    table = np.array(numbers, np.int64).reshape(-1, 5)
    lookup = Lookup(table[:, 0])
    is_repost = table[:, 3].astype(bool)
    return PostRows(
        ids=np.array(ids, object),
        author=accounts.lookup.rows(table[:, 1]),
        original=np.where(is_repost, lookup.rows(table[:, 2]), np.int32(-1)),
        is_repost=is_repost,
        created_at=table[:, 4].copy(),
        content=np.array(content, object),
        lookup=lookup,
        undated=undated,
    )


def _stream(
    connection: Connection,
    name: str,
    parameters: Mapping[str, object],
    take: Callable[[list[tuple[Any, ...]]], None],
) -> None:
    with connection.cursor(name) as cursor:  # a cursor of the server: a batch at a time
        cursor.execute(statement(name), parameters)
        while rows := cursor.fetchmany(_FETCH):
            take(rows)
