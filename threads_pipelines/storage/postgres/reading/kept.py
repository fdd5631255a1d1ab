"""The interactions that a reading keeps, so that the next one reads only what changed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.dataset.snapshot import Rows
from threads_pipelines.errors import DataError
from threads_pipelines.storage.postgres.binary_copy import EPOCH, copy_out
from threads_pipelines.storage.postgres.database import naive_utc
from threads_pipelines.storage.postgres.reading.ids import Lookup
from threads_pipelines.storage.postgres.reading.interactions import InteractionRows
from threads_pipelines.storage.postgres.sql import statement

_FORMAT = 1
_NOT_WHOLE = -1
_COLUMNS = {"account": ">i8", "earlier": ">i2", "count": ">i8", "mark": ">i8"}


@dataclass(frozen=True, slots=True)
class KeptInteractions:
    """The interactions dated up to ``until``, as they were read at ``as_of``.

    Attributes:
        as_of: Epoch seconds UTC.
        until: Epoch seconds UTC.
        seed: Seed of the hashes of ids.
        accounts: (n,) int64, hashes of the accounts.
        posts: (m,) int64, hashes of the posts.
        user: (k,) int32, position in ``accounts``.
        post: (k,) int32, position in ``posts``.
        kind: (k,) int8, as in ``InteractionRows``.
        at: (k,) int64, as in ``InteractionRows``.
        count: (n,) int64, number of each account's interactions; -1 if not all of them are kept, so
            that they are read again.
        mark: (n,) int64, 64 bits of the content of each account's interactions.
    """

    as_of: int
    until: int
    seed: int
    accounts: NDArray[np.int64]
    posts: NDArray[np.int64]
    user: Rows
    post: Rows
    kind: NDArray[np.int8]
    at: NDArray[np.int64]
    count: NDArray[np.int64]
    mark: NDArray[np.int64]

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Convert to arrays for storage.

        Returns:
            Arrays by name.
        """
        arrays = {part.name: np.asarray(getattr(self, part.name)) for part in fields(self)}
        return {**arrays, "format": np.array(_FORMAT)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "KeptInteractions":
        """Restore from the arrays of ``to_arrays``.

        Args:
            arrays: Arrays by name.

        Returns:
            The kept interactions.

        Raises:
            DataError: Another version of the pipeline stored the arrays.
        """
        names = {part.name for part in fields(cls)}
        if set(arrays) != {*names, "format"} or int(arrays["format"]) != _FORMAT:
            raise DataError("it was kept by another version of the pipeline")
        values: dict[str, Any] = {name: arrays[name] for name in names}
        values |= {name: int(arrays[name]) for name in ("as_of", "until", "seed")}
        return cls(**values)


@dataclass(frozen=True, slots=True)
class AccountFingerprints:
    """The number of each account's interactions and 64 bits of their content.

    Attributes:
        account: (n,) int64, hashes in ascending order.
        earlier_count: (n,) int64, number up to the instant that the earlier reading kept.
        earlier_mark: (n,) int64, bits of the same interactions.
        count: (n,) int64, number up to the instant that this reading keeps.
        mark: (n,) int64, bits of the same interactions.
    """

    account: NDArray[np.int64]
    earlier_count: NDArray[np.int64]
    earlier_mark: NDArray[np.int64]
    count: NDArray[np.int64]
    mark: NDArray[np.int64]

    def of(self, accounts: NDArray[np.int64], *, earlier: bool) -> tuple[NDArray, NDArray]:
        """Look up the fingerprints of accounts.

        Args:
            accounts: (m,) int64, hashes.
            earlier: Whether to look up those of the earlier reading.

        Returns:
            Count and mark, (m,) int64 each; 0 and 0 for an account without interactions.
        """
        pair = (self.earlier_count, self.earlier_mark) if earlier else (self.count, self.mark)
        place = Lookup(self.account).rows(accounts)  # -1, an account without any, is the last
        count, mark = (np.append(part, 0)[place] for part in pair)
        return count, mark


def read_fingerprints(
    connection: Connection, seed: int, *, earlier: int, until: int
) -> AccountFingerprints:
    """Compute the fingerprint of every account's interactions in the database.

    Args:
        connection: The connection.
        seed: Seed of the hashes of ids.
        earlier: Instant that the earlier reading kept, in epoch seconds; at most ``until``.
        until: Instant that this reading keeps, in epoch seconds.

    Returns:
        The fingerprints.
    """
    blocks: list[NDArray[np.int64]] = [np.empty((0, 4), np.int64)]

    def take(rows: NDArray[np.void]) -> None:
        blocks.append(np.stack([rows[name].astype(np.int64) for name in _COLUMNS], axis=1))

    given = {"seed": seed, "earlier": naive_utc(earlier), "until": naive_utc(until)}
    copy_out(connection, statement("fingerprint_interactions"), given, _COLUMNS, take)
    hashes, is_earlier, counts, marks = np.concatenate(blocks).T
    account, place = np.unique(hashes, return_inverse=True)
    parts = [np.zeros(len(account), np.int64) for _ in range(4)]
    old = is_earlier == 1
    for (count, mark), chosen in ((parts[:2], old), (parts[2:], slice(None))):
        np.add.at(count, place[chosen], counts[chosen])
        np.bitwise_xor.at(mark, place[chosen], marks[chosen])
    return AccountFingerprints(account, *parts)


def keep(
    rows: InteractionRows,
    found: AccountFingerprints,
    accounts: NDArray[np.int64],
    posts: NDArray[np.int64],
    *,
    as_of: int,
    until: int,
    seed: int,
) -> KeptInteractions:
    """Select what the next reading needs of this one.

    Args:
        rows: All interactions of this reading.
        found: Fingerprints of the accounts.
        accounts: (n,) int64, hashes of this reading's accounts.
        posts: (m,) int64, hashes of this reading's posts.
        as_of: Epoch seconds UTC.
        until: Epoch seconds UTC; interactions up to it are kept.
        seed: Seed of the hashes of ids.

    Returns:
        The interactions to keep.
    """
    old = rows.where(rows.at <= (until - EPOCH) * 1_000_000)
    count, mark = found.of(accounts, earlier=False)
    whole = np.bincount(old.user, minlength=len(accounts)) == count
    return KeptInteractions(
        *(as_of, until, seed, accounts, posts, old.user, old.post, old.kind, old.at),
        count=np.where(whole, count, _NOT_WHOLE),
        mark=mark,
    )
