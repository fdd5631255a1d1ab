"""When feeds were made and accounts joined, and whether anything happened since an instant."""

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
    """Every account, in no particular order.

    ids: (n,) str. joined: (n,) epoch seconds UTC, UNKNOWN where it is infinite. made: (n,) epoch
    seconds at which the live feed was made, UNKNOWN where there is none.
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
    """Look at the feed of every account; now: naive UTC."""
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("read_feed_ages"), {"now": now})
        found = cursor.fetchall()
    ids = np.empty(len(found), object)
    ids[:] = [identifier for identifier, *_ in found]
    times = [[UNKNOWN if time is None else time for time in pair] for _, *pair in found]
    joined, made = np.array(times, np.int64).reshape(-1, 2).T
    return FeedAges(ids, joined, made)


def has_anything_happened(engine: "Engine", since: datetime) -> bool:
    """Whether a row of the app is dated after an instant; since: naive UTC."""
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("has_anything_happened"), {"since": since})
        ((happened,),) = cursor.fetchall()
    return bool(happened)
