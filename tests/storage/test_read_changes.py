"""What was kept and what changed since is what a full read gives, whatever happened between."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.storage.app_database import AppDatabase
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.reading.kept import KeptInteractions
from threads_pipelines.storage.postgres.reading.snapshot import (
    Reading,
    read_changes,
    read_snapshot,
)

NOW = int(datetime(2026, 3, 31, 2, tzinfo=UTC).timestamp())
MONTH = timedelta(days=30)
HOUR = 3600
PEOPLE = ("ann", "bob", "cem", "dee")
POSTS = ("p1", "p2", "p3", "p4", "p5")
INSERT = (
    "INSERT INTO user_interaction (id, user_id, post_id, interaction_type, created_at) "
    "VALUES (%s, %s, %s, %s, %s)"
)


def at(seconds: float) -> datetime:
    """Naive UTC of so many seconds after NOW."""
    return datetime.fromtimestamp(NOW + seconds, UTC).replace(tzinfo=None)


def read(
    database: AppDatabase, as_of: int, kept: KeptInteractions | None, most_read: float = 1.0
) -> Reading:
    return read_changes(database.engine, as_of, MONTH, kept, most_read=most_read)


def assert_same(found: Reading, database: AppDatabase, as_of: int) -> None:
    """The snapshot and all counts are those of a full read at the same instant."""
    snapshot, report = read_snapshot(database.engine, as_of, MONTH)
    assert rows(found.snapshot) == rows(snapshot)
    assert found.report == report


def rows(snapshot: Snapshot) -> dict[str, Any]:
    """All that a snapshot holds, as plain values; interactions sorted, for they have no order."""
    tables = {
        f"{table}.{part.name}": getattr(getattr(snapshot, table), part.name).tolist()
        for table in ("users", "posts")
        for part in fields(getattr(snapshot, table))
    }
    events = snapshot.interactions
    seen = snapshot.seen.tocoo()
    return {
        **tables,
        "events": sorted(
            zip(*(getattr(events, part.name).tolist() for part in fields(events)), strict=True)
        ),
        "seen": sorted(zip(seen.row.tolist(), seen.col.tolist(), strict=True)),
        "as_of": snapshot.as_of,
    }


class History:
    """Does random things to the database, each in a transaction of its own."""

    def __init__(self, cursor: Any) -> None:
        self.cursor, self.number = cursor, 0
        cursor.execute('DELETE FROM "user"')
        for user in PEOPLE:
            self.ensure(user, POSTS[0])
        for post in POSTS:
            self.ensure(PEOPLE[0], post)

    def add(self, table: str, **columns: Any) -> None:
        self.number += 1
        row = {"id": f"{table}{self.number}", **columns}
        names, values = ", ".join(row), ", ".join(["%s"] * len(row))
        query = f'INSERT INTO "{table}" ({names}) VALUES ({values}) ON CONFLICT DO NOTHING'
        self.cursor.execute(query, list(row.values()))

    def ensure(self, user: str, post: str) -> None:
        """Bring back an account or post that was deleted."""
        author = PEOPLE[POSTS.index(post) % len(PEOPLE)]
        for one in (user, author):
            made = {"created_at": at(-90 * 86400), "updated_at": at(0)}
            self.add("user", **made, id=one, email=one, username=one)
        self.add("post", **made, id=post, user_id=author, content=f"text of {post}")

    def do(self, what: str, user: str, post: str, kind: str, when: datetime) -> None:
        pair = {"user_id": user, "post_id": post, "created_at": when}
        if what in CHANGES:
            takes, statement = CHANGES[what]
            given = {"u": user, "p": post, "w": when}
            self.cursor.execute(statement, [given[one] for one in takes])
            return
        self.ensure(user, post)
        if what == "interact":
            self.add("user_interaction", **pair, interaction_type=kind)
        elif what == "like":
            self.add("like", **pair)
        elif what == "comment":
            self.add("comment", **pair, content="!", updated_at=when)
        elif what == "repost":
            times = {"created_at": when, "updated_at": when}
            self.add("post", **times, user_id=user, content="!", original_post_id=post)
        else:
            other = PEOPLE[PEOPLE.index(user) - 1]
            self.ensure(other, post)
            self.add("follow", follower_id=user, following_id=other, created_at=when)


CHANGES = {
    "unlike": ("up", 'DELETE FROM "like" WHERE user_id = %s AND post_id = %s'),
    "delete user": ("u", 'DELETE FROM "user" WHERE id = %s'),
    "delete post": ("p", "DELETE FROM post WHERE id = %s"),
    "delete": ("up", "DELETE FROM user_interaction WHERE user_id = %s AND post_id = %s"),
    "edit type": ("u", "UPDATE user_interaction SET interaction_type = 'click' WHERE user_id = %s"),
    "edit time": ("wp", "UPDATE user_interaction SET created_at = %s WHERE post_id = %s"),
    "hand over": ("up", "UPDATE user_interaction SET user_id = %s WHERE post_id = %s"),
    "edit post": ("wp", "UPDATE post SET content = 'new', created_at = %s WHERE id = %s"),
    "undate post": ("p", "UPDATE post SET created_at = 'infinity' WHERE id = %s"),
    "undate": ("u", "UPDATE user_interaction SET created_at = 'infinity' WHERE user_id = %s"),
    "undate back": ("p", "UPDATE user_interaction SET created_at = '-infinity' WHERE post_id = %s"),
    "edit user": ("wu", 'UPDATE "user" SET created_at = %s WHERE id = %s'),
}
"""By name: which of the user, the post and the time it takes, and the statement."""
ACTIONS = ("interact", "interact", "interact", "like", "comment", "repost", "follow", *CHANGES)
KIND = st.sampled_from(("view", "click", "like", "share", "purchase"))
# From before the window to after the next reading, to the millisecond.
SECONDS = st.one_of(
    st.integers(-HOUR * 1000, 4 * HOUR * 1000).map(lambda ms: ms / 1000),
    st.sampled_from((-30.0 * 86400, -30.0 * 86400 + HOUR, -40.0 * 86400, 0.0, HOUR - 600.0)),
    st.integers(-31 * 24, 0).map(lambda hours: hours * float(HOUR)),
)
CHANGE = st.tuples(
    st.sampled_from(ACTIONS), st.sampled_from(PEOPLE), st.sampled_from(POSTS), KIND, SECONDS
)
LATE = st.tuples(st.sampled_from(PEOPLE), st.sampled_from(POSTS), KIND, SECONDS)
ROUND = st.tuples(
    st.integers(1, 2 * HOUR), st.lists(CHANGE, max_size=12), st.lists(LATE, max_size=2)
)
Round = tuple[int, list[tuple[str, str, str, str, float]], list[tuple[str, str, str, float]]]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rounds=st.lists(ROUND, min_size=2, max_size=4))
def test_kept_rows_and_the_delta_are_a_full_read(
    app_database: AppDatabase, rounds: list[Round]
) -> None:
    with session(app_database.engine, autocommit=True) as connection:
        history, as_of, kept = History(connection.cursor()), NOW, None
        for step, changes, late in rounds:
            for what, user, post, kind, seconds in changes:
                history.do(what, user, post, kind, at(seconds))
            as_of += step
            connection.autocommit = not late
            for user, post, kind, seconds in late:
                history.do("interact", user, post, kind, at(seconds))
            found = read(app_database, as_of, kept)
            assert_same(found, app_database, as_of)
            if late:
                connection.commit()
                connection.autocommit = True
            assert bool(found.changes.full) == (kept is None)
            # What is kept survives being stored.
            kept = KeptInteractions.from_arrays(found.kept.to_arrays())


@pytest.fixture
def busy(app_database: AppDatabase) -> AppDatabase:
    """Each account has looked at each post once, an hour apart, up to an hour before NOW."""
    app_database.users(*PEOPLE)
    for row, post in enumerate(POSTS):
        app_database.posts(PEOPLE[row % len(PEOPLE)], post)
    pairs = [(user, post) for user in PEOPLE for post in POSTS]
    for row, (user, post) in enumerate(pairs):
        interact(app_database, f"i{row}", user, post, at(-HOUR * (row + 1)))
    return app_database


def interact(database: AppDatabase, row: str, user: str, post: str, when: object) -> None:
    given = {"id": row, "user_id": user, "post_id": post, "interaction_type": "view"}
    database.insert("user_interaction", {**given, "created_at": when})


def test_where_nothing_happened_nothing_is_read(busy: AppDatabase) -> None:
    first = read(busy, NOW, None)
    assert first.changes.full == "no earlier reading was kept"
    again = read(busy, NOW + HOUR, first.kept)
    assert (again.changes.full, again.changes.kept) == ("", 20)
    assert (again.changes.newer, again.changes.read_anew) == (0, 0)
    assert_same(again, busy, NOW + HOUR)


def test_only_what_is_newer_and_accounts_that_changed_are_read(busy: AppDatabase) -> None:
    first = read(busy, NOW, None)
    interact(busy, "new", "ann", "p1", at(10))
    interact(busy, "dated back", "bob", "p1", at(-5 * 86400))
    again = read(busy, NOW + HOUR, first.kept)
    assert (again.changes.newer, again.changes.read_anew) == (1, 6)
    assert (again.changes.kept, again.changes.accounts_read_anew) == (15, 1)
    assert_same(again, busy, NOW + HOUR)


def test_a_transaction_that_commits_late_is_read(busy: AppDatabase) -> None:
    """Its rows are dated before the first reading, which could not see them."""
    for old in (-5.0, -3.0 * HOUR):  # inside the overlap, and long before it
        with session(busy.engine) as connection, connection.cursor() as cursor:
            cursor.execute(INSERT, (f"late {old}", "dee", "p1", "share", at(old)))
            first = read(busy, NOW, None)
            connection.commit()
        again = read(busy, NOW + 60, first.kept)
        assert not again.changes.full
        assert again.report.interactions_read == first.report.interactions_read + 1
        assert_same(again, busy, NOW + 60)


def test_one_row_in_the_place_of_another_is_noticed(busy: AppDatabase) -> None:
    """Neither the count nor the times of an account tell: only what the row is."""
    first = read(busy, NOW, None)
    busy.rows("UPDATE user_interaction SET interaction_type = 'share' WHERE id = 'i3'")
    busy.rows("DELETE FROM user_interaction WHERE id = 'i7'")
    user, when = PEOPLE[1], at(-HOUR * 8)
    interact(busy, "other", user, "p1", when)
    again = read(busy, NOW + HOUR, first.kept)
    assert again.changes.accounts_read_anew == 2
    assert_same(again, busy, NOW + HOUR)


def test_everything_is_read_where_the_clock_went_back(busy: AppDatabase) -> None:
    later = read(busy, NOW + HOUR, None)
    again = read(busy, NOW, later.kept)
    assert "the clock went back" in again.changes.full
    assert_same(again, busy, NOW)


def test_everything_is_read_where_too_much_changed(busy: AppDatabase) -> None:
    first = read(busy, NOW, None)
    busy.rows("DELETE FROM post WHERE id = 'p1'")  # everybody saw it
    again = read(busy, NOW + HOUR, first.kept, most_read=0.3)
    assert "too much changed" in again.changes.full
    assert "4 accounts with 16 older ones were touched" in again.changes.full
    assert_same(again, busy, NOW + HOUR)
    assert not read(busy, NOW + 2 * HOUR, again.kept, most_read=0.3).changes.full


def test_everything_is_read_where_another_database_was_kept(busy: AppDatabase) -> None:
    first = read(busy, NOW, None)
    busy.rows('TRUNCATE "user" CASCADE')
    busy.users("eve", "fay")
    busy.posts("eve", "q1")
    interact(busy, "i0", "fay", "q1", at(-HOUR))
    again = read(busy, NOW + HOUR, first.kept, most_read=0.3)
    assert "too much changed" in again.changes.full
    assert_same(again, busy, NOW + HOUR)


def test_what_another_version_kept_is_refused(busy: AppDatabase) -> None:
    arrays = read(busy, NOW, None).kept.to_arrays()
    with pytest.raises(DataError, match="another version"):
        KeptInteractions.from_arrays({**arrays, "format": np.array(0)})
    arrays.pop("mark")
    with pytest.raises(DataError, match="another version"):
        KeptInteractions.from_arrays(arrays)
