"""Feeds and histories of single accounts, as the app's own queries give them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.scored import RECOMMENDATIONS

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Reader:
    """An account whose feed is looked at. ``group`` is None where the app has no experiment."""

    id: str
    email: str
    username: str
    group: str | None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A post of a feed; ``created_at`` is naive UTC, ``score`` None where chance chose it."""

    post_id: str
    author: str
    content: str
    created_at: datetime
    score: float | None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A post that the account met; ``action`` is the strongest interaction with it."""

    post_id: str
    author: str
    content: str
    at: datetime
    action: str


def find_readers(
    engine: "Engine", now: datetime, emails: Sequence[str] = (), others: int = 0
) -> list[Reader]:
    """Accounts with these emails, then ``others`` further ones that have live rows."""
    given = {"emails": list(emails), "now": now, "others": others}
    return [Reader(*row) for row in _rows(engine, "find_readers", given)]


def read_feed(engine: "Engine", user_id: str, now: datetime, limit: int = 50) -> list[FeedRow]:
    """Live rows, best first: the app's query."""
    given = {"user_id": user_id, "now": now, "limit": limit}
    return [FeedRow(*row) for row in _rows(engine, "read_feed", given)]


def read_random_feed(
    engine: "Engine", user_id: str, now: datetime, salt: str, limit: int = 50
) -> list[FeedRow]:
    """Posts in an order of chance that ``salt`` decides: what the control group is served."""
    given = {"user_id": user_id, "now": now, "salt": salt, "limit": limit}
    return [FeedRow(*row) for row in _rows(engine, "read_random_feed", given)]


def read_history(engine: "Engine", user_id: str, limit: int = 20) -> list[HistoryRow]:
    """Posts that the account met, the latest first."""
    given = {"user_id": user_id, "limit": limit}
    return [HistoryRow(*row) for row in _rows(engine, "read_history", given)]


def count_rows(engine: "Engine", now: datetime) -> dict[str, int]:
    """Rows of the app's tables by what they are."""
    names = [
        *("accounts", "follows", "posts", "interactions", "likes", "comments"),
        *("live recommendations", "accounts with a feed"),
    ]
    ((*counts,),) = _rows(engine, "count_rows", {"now": now})
    return dict(zip(names, counts, strict=True))


def read_contents(engine: "Engine", post_ids: Iterable[str]) -> dict[str, str]:
    """Text of posts by id; those that are gone are left out."""
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, content FROM post WHERE id = ANY(%s)", (list(post_ids),))
        return dict(cursor.fetchall())


def unknown_accounts(engine: "Engine", ids: Sequence[str]) -> list[str]:
    """Those of the ids that no account has, in their order."""
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute('SELECT id FROM "user" WHERE id = ANY(%s)', (list(ids),))
        known = {identifier for (identifier,) in cursor.fetchall()}
    return [identifier for identifier in dict.fromkeys(ids) if identifier not in known]


def reasons_of(
    store: ArtefactStore, partition: str, version: str, user_ids: Sequence[str]
) -> dict[tuple[str, str], tuple[str, str | None]]:
    """(reason, evidence) of a version's rows by (user id, post id), for a few users."""
    with store.reading(partition, RECOMMENDATIONS, version) as path:
        rows = pq.read_table(path, filters=[("user_id", "in", list(user_ids))]).to_pylist()
    return {(row["user_id"], row["post_id"]): (row["reason"], row["evidence"]) for row in rows}


def _rows(engine: "Engine", name: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement(name), given)
        return list(cursor.fetchall())
