"""Counts who would be left without a feed, before the first shard; too many are refused.

An account that a version decides about and that has no rows in it loses its earlier rows, for
instance because it has seen everything or is withheld. An empty or broken version must not empty
the table in this way.
"""

import io
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
from numpy.typing import NDArray
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.storage.postgres.publishing.generation import Generation
from threads_pipelines.storage.postgres.publishing.lease import Lease
from threads_pipelines.storage.postgres.publishing.shards import Shard
from threads_pipelines.storage.postgres.sql import statement

MOST_LEFT_WITHOUT = 0.05
_UNKNOWN, _RECEIVES, _WITHHELD = range(3)


@dataclass(frozen=True, slots=True)
class Decided:
    """The accounts that a publish decides about.

    Attributes:
        tables: user_id and receives, sorted by user_id (code points); receives is False for an
            account that intentionally gets no rows. Accounts with rows are decided about as well.
        everybody: Whether all other accounts are left without rows, as under a pin.
    """

    tables: Iterable[pa.Table]
    everybody: bool = False


@dataclass(frozen=True, slots=True)
class LeftWithout:
    """People who would lose their live rows and get none.

    Attributes:
        live: Number of people with live rows.
        unintended: Ids of those who should get rows.
        withheld: Ids of those who intentionally get none.
    """

    live: int
    unintended: pa.Array
    withheld: pa.Array

    def refusal(self, most: float) -> str:
        """Return why nothing may be published.

        Args:
            most: Largest share, in [0, 1], of the people with live rows who may be left without.

        Returns:
            The reason; empty if publishing is allowed.
        """
        lost = len(self.unintended)
        if lost <= most * self.live:
            return ""
        share = f"{lost:,} of {self.live:,} people with live rows ({lost / self.live:.1%})"
        return (
            f"{share} would be left without any, and at most {most:.1%} may "
            "(THREADS_MAX_LEFT_WITHOUT, or max_left_without in the run config): nothing is "
            "published. See why the version has no rows for them before you raise the limit"
        )

    def shards(self, users: int) -> Iterator[Shard]:
        """Make shards without rows, which delete the rows of these people.

        Args:
            users: Most people in a shard.

        Yields:
            The shards.
        """
        for ids in (self.unintended, self.withheld):
            for start in range(0, len(ids), users):
                yield Shard.without_rows(ids.slice(start, users))


NOBODY = LeftWithout(0, pa.nulls(0, pa.string()), pa.nulls(0, pa.string()))


def find_left_without(
    lease: Lease, source: Iterable[pa.Table], decided: Decided, generation: Generation
) -> LeftWithout:
    """Count who would be left without rows by publishing ``source``.

    People whose rows are all of deleted posts count as people without rows. People with newer live
    rows keep them.

    Args:
        lease: The lease of the publisher.
        source: Rows to publish, sorted by user_id; it is read twice.
        decided: The accounts that the publish decides about.
        generation: The generation to write.

    Returns:
        The people.

    Raises:
        TypeError: ``source`` can be read only once.
    """
    if iter(source) is source:
        raise TypeError("source is read twice: give something that begins anew each time")
    ids, keeps = _live(lease.connection, generation)
    served, said = keeps.copy(), np.full(len(ids), _UNKNOWN)
    if len(ids):
        known = _Posts(lease.connection)
        for table in source:
            said[_places(table["user_id"], ids)] = _RECEIVES
            living = table.filter(pa.array(known.exist(table["post_id"])))
            served[_places(living["user_id"], ids)] = True
            lease.renew()
        for table in decided.tables:
            for value, meaning in ((True, _RECEIVES), (False, _WITHHELD)):
                chosen = table.filter(pc.equal(table["receives"], value))
                said[_places(chosen["user_id"], ids)] = meaning
    meant = (_RECEIVES, _UNKNOWN) if decided.everybody else (_RECEIVES,)
    return LeftWithout(
        live=len(ids),
        unintended=ids.filter(pa.array(~served & np.isin(said, meant))),
        withheld=ids.filter(pa.array(~served & (said == _WITHHELD))),
    )


def _live(connection: Connection, generation: Generation) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Return the sorted ids of the people with live rows, and who of them has newer ones."""
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        given = {"generated_at": generation.generated_at, "now": generation.now}
        query = cursor.mogrify(statement("read_live_people"), given).decode()
        cursor.copy_expert(f"COPY ({query}) TO STDOUT (FORMAT csv)", buffer)
    if not buffer.tell():
        return pa.array([], pa.string()), np.zeros(0, bool)
    buffer.seek(0)
    found = csv.read_csv(
        buffer,
        csv.ReadOptions(column_names=["user_id", "newer"]),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types={"user_id": pa.string(), "newer": pa.bool_()},
            true_values=["t"],
            false_values=["f"],
            strings_can_be_null=False,
        ),
    )
    return found["user_id"].combine_chunks(), found["newer"].to_numpy()


def _places(users: pa.ChunkedArray, ids: pa.Array) -> NDArray[np.int64]:
    """Return the positions in the sorted ``ids`` of the sorted ``users`` that are in it."""
    if not len(users):
        return np.zeros(0, np.int64)
    every = range(len(ids))
    start = bisect_left(every, users[0].as_py(), key=lambda n: ids[n].as_py())
    end = bisect_right(every, users[-1].as_py(), key=lambda n: ids[n].as_py())
    found = pc.index_in(pc.unique(users), value_set=ids.slice(start, end - start))
    places: NDArray[np.int32] = found.drop_null().to_numpy()
    return places.astype(np.int64) + start


class _Posts:
    """Which posts exist; the server is asked for each once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._asked, self._there = pa.array([], pa.string()), np.zeros(0, bool)

    def exist(self, posts: pa.ChunkedArray) -> NDArray[np.bool_]:
        """(n,) bool, for each post."""
        encoded = posts.combine_chunks().dictionary_encode()
        distinct = encoded.dictionary
        new = distinct.filter(pc.invert(pc.is_in(distinct, value_set=self._asked)))
        if len(new):
            with self._connection.cursor() as cursor:
                cursor.execute("SELECT id FROM post WHERE id = ANY(%s)", (new.to_pylist(),))
                found = pa.array([one for (one,) in cursor.fetchall()], pa.string())
            self._asked = pa.concat_arrays([self._asked, new])
            self._there = np.append(self._there, pc.is_in(new, value_set=found).to_numpy(False))
        place = pc.index_in(distinct, value_set=self._asked).to_numpy()
        there: NDArray[np.bool_] = self._there[place][encoded.indices.to_numpy()]
        return there
