"""Cuts a stream of recommendations into shards of whole users, validated and ready for COPY."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from threads_pipelines.errors import DataError

_SCHEMA = pa.schema({"user_id": pa.string(), "post_id": pa.string(), "score": pa.float64()})


@dataclass(frozen=True, slots=True)
class Shard:
    """Rows of whole users, sorted by user and post.

    Attributes:
        users: String array of distinct ids.
        posts: String array of distinct ids.
        user: (n,) int32, position in ``users``.
        post: (n,) int32, position in ``posts``.
        score: (n,) float64 in [0, 1].
    """

    users: pa.Array
    posts: pa.Array
    user: NDArray[np.int32]
    post: NDArray[np.int32]
    score: NDArray[np.float64]

    def __len__(self) -> int:
        """Count of rows."""
        return len(self.user)

    @classmethod
    def without_rows(cls, users: pa.Array) -> "Shard":
        """Make a shard of users without rows, whose existing rows are deleted.

        Args:
            users: String array of ids.

        Returns:
            The shard.
        """
        none = np.zeros(0, np.int32)
        return cls(users, pa.array([], pa.string()), none, none, np.zeros(0, np.float64))

    def of_users(self, positions: NDArray[np.int64]) -> "Shard":
        """Select the rows of some users.

        Args:
            positions: (m,) int64 positions in ``users``, ascending.

        Returns:
            A shard of these users.
        """
        renumbered = np.full(len(self.users), -1, np.int32)
        renumbered[positions] = np.arange(len(positions), dtype=np.int32)
        keep = renumbered[self.user] >= 0
        return Shard(
            self.users.take(pa.array(positions)),
            self.posts,
            renumbered[self.user[keep]],
            self.post[keep],
            self.score[keep],
        )


def shards(source: Iterable[pa.Table], rows: int) -> Iterator[Shard]:
    """Cut a stream into shards of at least ``rows`` rows; the last one may be smaller.

    Args:
        source: Tables with user_id, post_id and score, in ascending order of user_id (code points).
            The rows of a user may continue in the next table.
        rows: Least number of rows of a shard.

    Yields:
        The shards.

    Raises:
        DataError: A score is outside [0, 1], a pair occurs twice, a value is NULL, or users are out
            of order.
    """
    waiting: list[pa.Table] = []
    last: str | None = None
    for piece in _pieces(source, rows):
        waiting.append(piece)
        if sum(part.num_rows for part in waiting) < rows:
            continue
        gathered = pa.concat_tables(waiting)
        # The last user's rows may go on in the next piece; everyone before is whole.
        users = gathered["user_id"]
        end = pc.index(users, users[-1]).as_py()
        waiting = [gathered.slice(end)]
        if end:
            shard = _shard(gathered.slice(0, end), last)
            last = shard.users[-1].as_py()
            yield shard
    if waiting:
        yield _shard(pa.concat_tables(waiting), last)


def _pieces(source: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    for table in source:
        part = table.select(_SCHEMA.names).cast(_SCHEMA)
        for start in range(0, part.num_rows, rows):
            yield part.slice(start, rows)


def _shard(table: pa.Table, last: str | None) -> Shard:
    for name in _SCHEMA.names:
        if table[name].null_count:
            raise DataError(f"recommendations: {name} holds a NULL")
    users, user = _encode(table["user_id"])
    posts, post = _encode(table["post_id"])
    by_id = pc.sort_indices(posts).to_numpy()
    post = np.argsort(by_id).astype(np.int32)[post]
    ascending = pc.all(pc.less(users[:-1], users[1:])).as_py() is not False
    if (
        (np.diff(user) < 0).any()
        or not ascending
        or (last is not None and users[0].as_py() <= last)
    ):
        raise DataError("recommendations are not sorted by user_id (code points)")
    score = table["score"].to_numpy()
    wrong = np.flatnonzero(~((score >= 0) & (score <= 1)))
    if len(wrong):
        row = int(wrong[0])
        pair = f"user {table['user_id'][row]}, post {table['post_id'][row]}"
        raise DataError(f"recommendations: the score of {pair} is {score[row]}, not in [0, 1]")
    keys = user.astype(np.int64) * len(posts) + post
    order = np.argsort(keys)
    again = np.flatnonzero(np.diff(keys[order]) == 0)
    if len(again):
        row = int(order[again[0]])
        pair = f"user {table['user_id'][row]}, post {table['post_id'][row]}"
        raise DataError(f"recommendations: {pair} occurs twice")
    return Shard(users, posts.take(pa.array(by_id)), user[order], post[order], score[order])


def _encode(column: pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int32]]:
    encoded = column.combine_chunks().dictionary_encode()
    return encoded.dictionary, encoded.indices.to_numpy()
