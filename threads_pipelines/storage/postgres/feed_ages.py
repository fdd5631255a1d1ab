"""When feeds were made and accounts joined, and whether the app changed since an instant."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from threads_pipelines.dataset.snapshot import Ids, Times
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

UNKNOWN = -1


@dataclass(frozen=True, slots=True)
class FeedAges:
    """The feed times of all accounts, in no particular order.

    Attributes:
        ids: (n,) str.
        joined: (n,) int64 epoch seconds UTC; ``UNKNOWN`` if infinite.
        made: (n,) int64 epoch seconds at which the live feed was made; ``UNKNOWN`` without a feed.
    """

    ids: Ids
    joined: Times
    made: Times

    @property
    def without_feed(self) -> Ids:
        """Accounts that have no live rows."""
        none: Ids = self.ids[self.made == UNKNOWN]
        return none


def read_feed_ages(engine: "Engine", now: datetime) -> FeedAges:
    """Read when each account joined and when its live feed was made.

    Args:
        engine: The app's database.
        now: Naive UTC.

    Returns:
        The times of all accounts.
    """
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("read_feed_ages"), {"now": now})
        found = cursor.fetchall()
    ids = np.empty(len(found), object)
    ids[:] = [identifier for identifier, *_ in found]
    times = [[UNKNOWN if time is None else time for time in pair] for _, *pair in found]
    joined, made = np.array(times, np.int64).reshape(-1, 2).T
    return FeedAges(ids, joined, made)


def has_anything_happened(engine: "Engine", since: datetime, until: datetime | None = None) -> bool:
    """Return whether the app has a row that is dated between two instants.

    Args:
        engine: The app's database.
        since: Naive UTC; rows of this instant do not count.
        until: Naive UTC; rows of this instant count. Default: no limit.

    Returns:
        Whether there is such a row.
    """
    given = {"since": since, "until": until or "infinity"}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("has_anything_happened"), given)
        ((happened,),) = cursor.fetchall()
    return bool(happened)
