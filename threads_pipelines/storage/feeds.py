"""Feeds and histories of single accounts, read with the app's own queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.scored import batches, open_scored

if TYPE_CHECKING:
    from sqlalchemy import Engine


@dataclass(frozen=True, slots=True)
class Reader:
    """An account whose feed is shown. ``group`` is None if the app has no experiment."""

    id: str
    email: str
    username: str
    group: str | None


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A post of a feed. Times are naive UTC; in a random feed score and made_at are None.

    Attributes:
        made_at: When the feed was made.
    """

    post_id: str
    author: str
    content: str
    created_at: datetime
    score: float | None
    made_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """A post that the account interacted with; ``action`` is the strongest interaction."""

    post_id: str
    author: str
    content: str
    at: datetime
    action: str


def find_readers(
    engine: "Engine", now: datetime, ids: Sequence[str] = (), others: int = 0
) -> list[Reader]:
    """Find accounts by id, and further accounts with live rows.

    Args:
        engine: The app's database.
        now: Naive UTC.
        ids: Ids of the accounts.
        others: Number of further accounts.

    Returns:
        The accounts with these ids, then the others.
    """
    given = {"ids": list(ids), "now": now, "others": others}
    return [Reader(*row) for row in _rows(engine, "find_readers", given)]


def read_feed(engine: "Engine", user_id: str, now: datetime, limit: int = 50) -> list[FeedRow]:
    """Read the live rows of a user with the app's query.

    Args:
        engine: The app's database.
        user_id: Id of the user.
        now: Naive UTC.
        limit: Most rows.

    Returns:
        The rows, best first.
    """
    given = {"user_id": user_id, "now": now, "limit": limit}
    return [FeedRow(*row) for row in _rows(engine, "read_feed", given)]


def read_random_feed(
    engine: "Engine", user_id: str, now: datetime, salt: str, limit: int = 50
) -> list[FeedRow]:
    """Read posts in a random order, which the control group gets.

    Args:
        engine: The app's database.
        user_id: Id of the user.
        now: Naive UTC.
        salt: Determines the order.
        limit: Most rows.

    Returns:
        The posts.
    """
    given = {"user_id": user_id, "now": now, "salt": salt, "limit": limit}
    return [FeedRow(*row) for row in _rows(engine, "read_random_feed", given)]


def read_history(engine: "Engine", user_id: str, limit: int = 20) -> list[HistoryRow]:
    """Read the posts that a user interacted with.

    Args:
        engine: The app's database.
        user_id: Id of the user.
        limit: Most rows.

    Returns:
        The posts, latest first.
    """
    given = {"user_id": user_id, "limit": limit}
    return [HistoryRow(*row) for row in _rows(engine, "read_history", given)]


def count_rows(engine: "Engine", now: datetime) -> dict[str, int]:
    """Count the rows of the app's tables.

    Args:
        engine: The app's database.
        now: Naive UTC.

    Returns:
        Counts by description, such as ``live recommendations``.
    """
    names = [
        *("accounts", "follows", "posts", "interactions", "likes", "comments"),
        *("live recommendations", "accounts with a feed"),
    ]
    ((*counts,),) = _rows(engine, "count_rows", {"now": now})
    return dict(zip(names, counts, strict=True))


def read_contents(engine: "Engine", post_ids: Iterable[str]) -> dict[str, str]:
    """Read the texts of posts.

    Args:
        engine: The app's database.
        post_ids: Ids of the posts.

    Returns:
        Text by id; deleted posts are left out.
    """
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, content FROM post WHERE id = ANY(%s)", (list(post_ids),))
        return dict(cursor.fetchall())


def unknown_accounts(engine: "Engine", ids: Sequence[str]) -> list[str]:
    """Find the ids that no account has.

    Args:
        engine: The app's database.
        ids: The ids.

    Returns:
        Unknown ids, in the given order, without repeats.
    """
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute('SELECT id FROM "user" WHERE id = ANY(%s)', (list(ids),))
        known = {identifier for (identifier,) in cursor.fetchall()}
    return [identifier for identifier in dict.fromkeys(ids) if identifier not in known]


def reasons_of(
    store: ArtefactStore, partition: str, version: str, user_ids: Sequence[str]
) -> dict[tuple[str, str], tuple[str, str | None]]:
    """Read the reasons of a version's rows for a few users.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        user_ids: Ids of the users.

    Returns:
        (reason, evidence) by (user id, post id).

    Raises:
        ArtefactError: The rows are missing or damaged.
    """
    with open_scored(store, partition, version) as files:
        tables = batches(files, users=user_ids)
        rows = [row for table in tables for row in table.to_pylist()]
    return {(row["user_id"], row["post_id"]): (row["reason"], row["evidence"]) for row in rows}


def _rows(engine: "Engine", name: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement(name), given)
        return list(cursor.fetchall())
