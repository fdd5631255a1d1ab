"""Finds the users who already have exactly the rows that are to be published.

A publish that is repeated, after a kill or by a retry, would stage and compare every row only to
find nothing to do. One pass over the table computes a fingerprint for each user instead: the number
of rows and 64 bits of their content (``sql/read_fingerprints.sql``).
"""

from collections.abc import Mapping
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.storage.postgres.publishing.shards import Shard
from threads_pipelines.storage.postgres.sql import statement

_SCALE = 2.0**53


class Fingerprints:
    """Fingerprints of the rows of one generation in the table.

    Args:
        connection: The connection that reads them.
        generation: Parameters of ``sql/read_fingerprints.sql``.
    """

    def __init__(self, connection: Connection, generation: Mapping[str, object]) -> None:
        self._posts = pa.array([], pa.string())
        self._hashes = np.empty(0, np.int64)
        self._asking = Lock()
        with connection.cursor() as cursor:
            cursor.execute(statement("is_generation_there"), generation)
            ((begun,),) = cursor.fetchall()
            rows = []
            if begun:  # on any other night nothing can be equal, and the pass is spared
                cursor.execute(statement("read_fingerprints"), generation)
                rows = cursor.fetchall()
        self._users = pa.array([row[0] for row in rows], pa.string())
        self._found = np.array([row[1:] for row in rows], np.int64).reshape(-1, 2)

    def without_unchanged(self, connection: Connection, shard: Shard) -> tuple[Shard | None, int]:
        """Remove from a shard the users who already have exactly its rows.

        Args:
            connection: The connection that hashes the rows.
            shard: The shard.

        Returns:
            The rest, or None if nothing is left, and the number of removed rows.
        """
        if not len(self._users):
            return shard, 0
        place = _places(shard.users, self._users)
        same = (place >= 0) & (self._found[place] == self._of(connection, shard)).all(axis=1)
        drop = same[shard.user]
        if not drop.any():
            return shard, 0
        left = np.flatnonzero(~same)
        return (shard.of_users(left) if len(left) else None), int(drop.sum())

    def _of(self, connection: Connection, shard: Shard) -> NDArray[np.int64]:
        """Compute the fingerprints of a shard's users as ``sql/read_fingerprints.sql`` does."""
        hashed = self._hash(connection, shard.posts)[shard.post]
        usable = (shard.score >= 0) & (shard.score <= 1)
        score = np.rint(np.where(usable, shard.score, 0) * _SCALE).astype(np.int64)
        mixed = hashed ^ score ^ ((hashed & 0x7FFF_FFFF) * (score >> 22))
        starts = np.flatnonzero(np.diff(shard.user, prepend=-1))
        count = np.diff(starts, append=len(shard))
        count[~np.logical_and.reduceat(usable, starts)] = -1  # never equal
        return np.stack([count, np.bitwise_xor.reduceat(mixed, starts)], axis=1)

    def _hash(self, connection: Connection, posts: pa.Array) -> NDArray[np.int64]:
        """Return the server's hashes of the posts; each is requested once."""
        with self._asking:
            place = _places(posts, self._posts)
            if (place < 0).any():
                unknown = posts.filter(pa.array(place < 0))
                with connection.cursor() as cursor:
                    query = "SELECT hashtextextended(id, 0) FROM unnest(%s::text[]) AS t (id)"
                    cursor.execute(query, (unknown.to_pylist(),))
                    hashes = np.array(cursor.fetchall(), np.int64).ravel()
                self._posts = pa.concat_arrays([self._posts, unknown])
                self._hashes = np.concatenate([self._hashes, hashes])
                place = _places(posts, self._posts)
            return self._hashes[place]


def _places(ids: pa.Array, among: pa.Array) -> NDArray[np.int64]:
    """Return the position of each id; -1 if it is missing."""
    places: NDArray[np.int32] = pc.fill_null(pc.index_in(ids, value_set=among), -1).to_numpy()
    return places.astype(np.int64)
