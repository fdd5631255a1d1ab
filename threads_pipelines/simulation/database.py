"""Statements of the simulation: accounts, feeds and actions of the fake users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from psycopg2 import sql
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

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


CAPPED = ("post", "user_interaction", "like", "comment")
_OLDEST = sql.SQL(
    "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE user_id = ANY (%s)"
    " ORDER BY created_at DESC, id OFFSET %s LIMIT %s)"
)


@dataclass(frozen=True, slots=True)
class NewPost:
    """A post that a fake user wrote."""

    id: str
    user_id: str
    content: str


def read_fake_users(engine: "Engine") -> list[FakeUser]:
    """Read the fake users that exist; bio, email and id must all identify them.

    Args:
        engine: The app's database.

    Returns:
        The fake users.
    """
    known = {user.id: user for user in make_fake_users(MOST_FAKE_USERS)}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute(statement("read_fake_users"), {"ids": list(known)})
        there = {row[0] for row in cursor.fetchall() if is_fake_user(*row)}
    return [user for user in known.values() if user.id in there]


def add_fake_users(
    engine: "Engine", users: Sequence[FakeUser], display_names: Sequence[str], now: datetime
) -> AddedAccounts:
    """Create accounts of fake users.

    One whose username a person has taken gets another; one whose email is taken is left out.

    Args:
        engine: The app's database.
        users: The fake users.
        display_names: The display name of each.
        now: Date of the accounts, naive UTC.

    Returns:
        The accounts that were and were not created.
    """
    at = round(now.replace(tzinfo=UTC).timestamp() * 1000)
    names, times = np.array(display_names, object), np.full(len(users), at)
    columns = {
        column: np.array([getattr(user, column) for user in users], object)
        for column in ("id", "email", "username", "bio")
    }
    columns |= {"name": names, "display_name": names, "created_at": times, "updated_at": times}
    return add_accounts(engine, columns)


def add_posts(engine: "Engine", posts: Sequence[NewPost], now: datetime) -> int:
    """Write posts; those that exist are skipped.

    Args:
        engine: The app's database.
        posts: The posts.
        now: Date of the posts, naive UTC.

    Returns:
        Number of new posts.
    """
    with session(engine) as connection:
        added = _insert(connection, "insert_simulated_posts", {**_columns(posts), "now": now})
        connection.commit()
    return added


def add_acts(engine: "Engine", acts: Sequence[Act], texts: Mapping[str, str]) -> dict[str, int]:
    """Write actions in one transaction, as the app would.

    Actions on a post that was deleted in the meantime are left out.

    Args:
        engine: The app's database.
        acts: The actions.
        texts: Texts of the comments by the action's id.

    Returns:
        Number of new rows by table.
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
    """Delete the fake users' oldest rows beyond the limits.

    Args:
        engine: The app's database.
        keep_posts: Posts to keep. Deleting a post deletes what others wrote on it.
        keep_rows: Interactions, likes and comments to keep, of each.
        batch: Most rows of a transaction.
        batches: Most transactions for each table. None: until nothing is left to delete.

    Returns:
        Number of deleted rows by table.
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
