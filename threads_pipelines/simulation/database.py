"""Statements of the simulation: accounts, feeds and acts of the fake users."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.content.text import normalise
from threads_pipelines.simulation.fake_users import (
    MOST_FAKE_USERS,
    FakeUser,
    is_fake_user,
    make_fake_users,
)
from threads_pipelines.simulation.ticks import Act
from threads_pipelines.storage.postgres.accounts.add import AddedAccounts, add_accounts
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.sql import statement

if TYPE_CHECKING:
    from sqlalchemy import Engine

FEED_ROWS = 50
"""As many as the app reads."""

RECENT_POSTS = 500
"""Of so many the latest posts chance makes the feeds of the control group."""

_SETTLED = timedelta(seconds=30)
"""A post is this old before chance shows it, so that no reaction can be older than its post."""

CAPPED = ("post", "user_interaction", "like", "comment")
_OLDEST = sql.SQL(
    "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE user_id = ANY (%s)"
    " ORDER BY created_at DESC, id OFFSET %s LIMIT %s)"
)


@dataclass(frozen=True, slots=True)
class ServedPost:
    """A row of a feed. ``met``: its reader has acted on it before."""

    id: str
    author_id: str
    content: str
    met: bool


@dataclass(frozen=True, slots=True)
class ServedFeed:
    """What one account is shown, each in its order.

    recommended: live rows; none for the control group. chance: recent posts.
    """

    recommended: list[ServedPost]
    chance: list[ServedPost]


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post that a fake user wrote."""

    id: str
    user_id: str
    content: str


def read_fake_users(engine: "Engine") -> list[FakeUser]:
    """The fake users that exist: bio, email and id must all say so."""
    known = {user.id: user for user in make_fake_users(MOST_FAKE_USERS)}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("read_fake_users"), {"ids": list(known)})
        there = {row[0] for row in cursor.fetchall() if is_fake_user(*row)}
    return [user for user in known.values() if user.id in there]


def add_fake_users(
    engine: "Engine", users: Sequence[FakeUser], display_names: Sequence[str], now: datetime
) -> AddedAccounts:
    """Make accounts, dated ``now`` (naive UTC).

    One whose username a person has taken gets another; one whose email is taken is left out.
    """
    at = round(now.replace(tzinfo=UTC).timestamp() * 1000)
    names, times = np.array(display_names, object), np.full(len(users), at)
    columns = {
        column: np.array([getattr(user, column) for user in users], object)
        for column in ("id", "email", "username", "bio")
    }
    columns |= {"name": names, "display_name": names, "created_at": times, "updated_at": times}
    return add_accounts(engine, columns)


def read_feeds(
    engine: "Engine", user_ids: Iterable[str], now: datetime, salt: str
) -> dict[str, ServedFeed]:
    """What each account is served at ``now`` (naive UTC), by id; nobody without posts is in it.

    salt: decides the order of chance.
    """
    given = {"ids": list(user_ids), "now": now, "before": now - _SETTLED, "salt": salt}
    given |= {"limit": FEED_ROWS, "recent": RECENT_POSTS}
    feeds: dict[str, ServedFeed] = {}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("read_simulated_feeds"), given)
        for user_id, recommended, *post in cursor.fetchall():
            feed = feeds.setdefault(user_id, ServedFeed([], []))
            (feed.recommended if recommended else feed.chance).append(ServedPost(*post))
    return feeds


def is_posted(engine: "Engine", text: str) -> bool:
    """Whether a post has the same words, as ``normalise`` sees it."""
    wanted = normalise(text)
    # The longest word that stands in the text as it is (no apostrophe, no ligature) narrows the
    # search down to a few texts.
    words = [word for word in wanted.split() if re.search(rf"\b{word}\b", text.lower())]
    longest = max(words, key=len, default="")
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("find_texts_with"), {"pattern": f"%{longest}%"})
        return any(normalise(content) == wanted for (content,) in cursor)


def add_posts(engine: "Engine", posts: Sequence[NewPost], now: datetime) -> int:
    """Write posts, dated ``now`` (naive UTC); returns how many were not there yet."""
    with session(engine) as connection:
        added = _insert(connection, "insert_simulated_posts", {**_columns(posts), "now": now})
        connection.commit()
    return added


def add_acts(engine: "Engine", acts: Sequence[Act], texts: Mapping[str, str]) -> dict[str, int]:
    """Write what was done in one transaction, as the app would; returns the new rows by table.

    texts: of the comments, by the act's id. What refers to a post that was deleted meanwhile is
    left out.
    """
    likes = [act for act in acts if act.kind == "like"]
    told = [act for act in acts if act.kind != "comment"]
    comments = [act for act in acts if act.kind == "comment"]
    contents = {"content": [texts[act.id] for act in comments]}
    with session(engine) as connection:
        counts = {
            "like": _insert(connection, "insert_simulated_likes", _acts(likes)),
            "user_interaction": _insert(connection, "insert_simulated_interactions", _acts(told)),
            "comment": _insert(connection, "insert_simulated_comments", _acts(comments) | contents),
        }
        connection.commit()
    return counts


def remove_oldest(
    engine: "Engine",
    keep_posts: int,
    keep_rows: int,
    *,
    batch: int = 500,
    batches: int | None = None,
) -> dict[str, int]:
    """Delete the fake users' oldest rows beyond the caps; returns the deleted rows by table.

    keep_posts: posts that stay; one that goes takes with it what others wrote on it.
    keep_rows: interactions, likes and comments that stay, of each.
    batches: transactions of at most ``batch`` rows a table; None: until nothing is left to do.
    """
    ids = [user.id for user in read_fake_users(engine)]
    removed = dict.fromkeys(CAPPED, 0)
    with session(engine) as connection, connection.cursor() as cursor:
        for table in CAPPED:
            keep = keep_posts if table == "post" else keep_rows
            command, done = _OLDEST.format(table=sql.Identifier(table)), 0
            while batches is None or done < batches:
                cursor.execute(command, (ids, keep, batch))
                removed[table] += cursor.rowcount
                connection.commit()
                done += 1
                if cursor.rowcount < batch:
                    break
    return removed


def _insert(connection: Connection, name: str, given: Mapping[str, Any]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement(name), given)
        return cursor.rowcount


def _columns(posts: Sequence[NewPost]) -> dict[str, list[str]]:
    return {name: [getattr(post, name) for post in posts] for name in ("id", "user_id", "content")}


def _acts(acts: Sequence[Act]) -> dict[str, list[Any]]:
    names = ("id", "user_id", "post_id", "kind", "metadata")
    columns: dict[str, list[Any]] = {name: [getattr(act, name) for act in acts] for name in names}
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as TIMESTAMP(3) holds it
    columns["created_at"] = [epoch + timedelta(milliseconds=act.at_ms) for act in acts]
    return columns
