"""Reading a snapshot from a small literal database: one test a rule."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.storage.app_database import AppDatabase
from threads_pipelines.dataset import identity
from threads_pipelines.dataset.read_report import ReadReport
from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot
from threads_pipelines.dataset.snapshot_checks import dangling
from threads_pipelines.errors import DataError
from threads_pipelines.storage.postgres.database import connect
from threads_pipelines.storage.postgres.reading.snapshot import read_snapshot

AS_OF = int(datetime(2026, 3, 31, 2, tzinfo=UTC).timestamp())
MONTH = timedelta(days=30)


def read(database: AppDatabase, **options: Any) -> tuple[Snapshot, ReadReport]:
    return read_snapshot(database.engine, AS_OF, MONTH, **options)


def interact(
    database: AppDatabase, user: str, post: str, kind: str = "view", at: str = "2026-03-30 12:00"
) -> None:
    number = database.rows("SELECT count(*) FROM user_interaction")[0][0]
    row = {"id": f"i{number}", "user_id": user, "post_id": post, "interaction_type": kind}
    database.insert("user_interaction", {**row, "created_at": at})


def like(database: AppDatabase, user: str, post: str, at: str = "2026-03-30 12:00") -> None:
    row = {"id": f"{user} {post}", "user_id": user, "post_id": post, "created_at": at}
    database.insert("like", row)


def events(snapshot: Snapshot) -> list[tuple[str, str, str, str]]:
    found = snapshot.interactions
    return sorted(
        (
            snapshot.users.ids[user],
            snapshot.posts.ids[post],
            INTERACTION_TYPES[kind],
            str(datetime.fromtimestamp(at, UTC).replace(tzinfo=None)),
        )
        for user, post, kind, at in zip(
            found.user, found.post, found.kind, found.at.tolist(), strict=True
        )
    )


def seen(snapshot: Snapshot) -> set[tuple[str, str]]:
    pairs = snapshot.seen.tocoo()
    assert pairs.data.all()
    return {
        (snapshot.users.ids[user], snapshot.posts.ids[post])
        for user, post in zip(pairs.row, pairs.col, strict=True)
    }


def fill(database: AppDatabase) -> AppDatabase:
    database.users("ann", "bob", "cem")
    database.posts("ann", "p1", "p2")
    database.posts("bob", "p3")
    return database


@pytest.fixture
def small(app_database: AppDatabase) -> AppDatabase:
    return fill(app_database)


def test_an_empty_database_gives_an_empty_snapshot(app_database: AppDatabase) -> None:
    snapshot, report = read(app_database)
    assert snapshot.seen.shape == (0, 0)
    assert len(snapshot.interactions) == 0
    assert report.users == report.posts == report.events == 0


def test_the_window_is_open_at_its_start_and_closed_at_its_end(small: AppDatabase) -> None:
    for at in (
        "2026-03-01 02:00:00",
        "2026-03-01 02:00:00.001",
        "2026-03-31 02:00",
        "2026-03-31 02:00:00.001",
    ):
        interact(small, "cem", "p1", at=at)
    snapshot, report = read(small)
    assert [at for *_, at in events(snapshot)] == ["2026-03-01 02:00:00", "2026-03-31 02:00:00"]
    assert report.interactions_read == 3
    assert report.events == 2
    assert snapshot.as_of == AS_OF
    assert snapshot.timed


def test_repeats_are_kept_and_all_types_are_told_apart(small: AppDatabase) -> None:
    for kind in ("view", "view", "click", "share"):
        interact(small, "cem", "p1", kind)
    snapshot, _ = read(small)
    assert [kind for _, _, kind, _ in events(snapshot)] == ["click", "share", "view", "view"]


def test_a_like_counts_while_it_stands(small: AppDatabase) -> None:
    interact(small, "cem", "p1", "like")
    interact(small, "cem", "p2", "like")
    like(small, "cem", "p1")
    snapshot, report = read(small)
    assert [(post, kind) for _, post, kind, _ in events(snapshot)] == [("p1", "like")]
    assert (report.unliked, report.likes_without_event) == (1, 0)
    assert snapshot.posts.likes.tolist() == [1, 0, 0]
    assert seen(snapshot) == {("cem", "p1"), ("cem", "p2")}


def test_a_standing_like_without_an_event_is_one(small: AppDatabase) -> None:
    like(small, "cem", "p1", "2026-03-20 10:00:00.500")
    like(small, "cem", "p3", "2026-01-20 10:00")
    like(small, "bob", "p1", "2026-03-31 03:00")
    snapshot, report = read(small)
    assert events(snapshot) == [("cem", "p1", "like", "2026-03-20 10:00:00")]
    assert report.likes_without_event == 1
    assert seen(snapshot) == {("cem", "p1"), ("cem", "p3")}
    assert snapshot.posts.likes.tolist() == [1, 0, 1]


def test_unknown_types_are_counted_and_seen_but_no_event(small: AppDatabase) -> None:
    interact(small, "cem", "p1", "purchase")
    interact(small, "cem", "p2", "VIEW")
    snapshot, report = read(small)
    assert events(snapshot) == []
    assert report.unknown_type == 2
    assert seen(snapshot) == {("cem", "p1"), ("cem", "p2")}


def test_infinite_times_are_counted_and_no_event(small: AppDatabase) -> None:
    interact(small, "cem", "p1", at="infinity")
    interact(small, "cem", "p2", at="-infinity")
    like(small, "bob", "p1", "infinity")
    small.posts("bob", "p4", created_at="infinity")
    snapshot, report = read(small)
    assert events(snapshot) == []
    assert report.undated == 4
    assert snapshot.posts.ids.tolist() == ["p1", "p2", "p3"]
    assert seen(snapshot) == {("cem", "p1"), ("cem", "p2"), ("bob", "p1")}


def test_rows_of_posts_that_came_later_are_counted_as_vanished(small: AppDatabase) -> None:
    small.posts("bob", "later", created_at="2026-03-31 02:00:01")
    interact(small, "cem", "later")
    snapshot, report = read(small)
    assert "later" not in snapshot.posts.ids
    assert (report.vanished, report.events) == (1, 0)


def test_seen_is_of_all_time_and_of_every_kind(small: AppDatabase) -> None:
    interact(small, "cem", "p1", at="2025-01-01")
    comment = {"id": "c1", "user_id": "cem", "post_id": "p3", "content": "!"}
    small.insert("comment", {**comment, "created_at": "2025-01-01", "updated_at": "2025-01-01"})
    small.posts("cem", "copy", original_post_id="p2")
    small.posts("cem", "copy of a deleted post", original_post_id="gone")
    snapshot, report = read(small)
    assert seen(snapshot) == {("cem", "p1"), ("cem", "p3"), ("cem", "p2")}
    assert snapshot.seen.has_sorted_indices
    assert snapshot.posts.comments.tolist() == [0, 0, 0, 0, 1]
    candidates = snapshot.posts.ids[snapshot.posts.candidate].tolist()
    assert candidates == ["p1", "p2", "p3"]
    assert report.candidates == 3


def test_who_met_a_repost_has_seen_its_original(small: AppDatabase) -> None:
    small.posts("bob", "copy", original_post_id="p1")
    small.posts("bob", "copy of the copy", original_post_id="copy")
    small.posts("bob", "itself", original_post_id="itself")
    interact(small, "cem", "copy of the copy")
    like(small, "ann", "copy")
    interact(small, "ann", "itself")
    met = {("cem", "copy of the copy"), ("ann", "copy"), ("ann", "itself")}
    originals = {("cem", "p1"), ("ann", "p1")}
    made = {("bob", "p1"), ("bob", "copy"), ("bob", "itself")}
    assert seen(read(small)[0]) == met | originals | made


def test_who_only_comments_reposts_or_follows_has_events_of_that(small: AppDatabase) -> None:
    at, late = "2026-03-30", "2026-03-31 01:00"
    small.users("dee", "eve", "fay")
    comment = {"id": "c1", "post_id": "p3", "content": "!", "created_at": at, "updated_at": at}
    small.insert("comment", {**comment, "user_id": "dee"})
    small.insert("comment", {**comment, "id": "c2", "user_id": "cem"})
    interact(small, "cem", "p1")
    small.posts("eve", "copy", original_post_id="p2", created_at=at)
    for number in range(5):
        small.posts("bob", f"b{number}", created_at=f"2026-03-2{number}")
    follow = {"id": "f1", "follower_id": "fay", "following_id": "bob", "created_at": late}
    small.insert("follow", follow)
    snapshot, _ = read(small)
    found = {(user, post, kind) for user, post, kind, _ in events(snapshot)}
    assert found == {
        ("cem", "p1", "view"),
        ("dee", "p3", "like"),
        ("eve", "p2", "share"),
        *(("fay", f"b{number}", "view") for number in (2, 3, 4)),
    }


def test_posts_have_author_time_and_content(small: AppDatabase) -> None:
    snapshot, _ = read(small)
    assert snapshot.users.ids[snapshot.posts.author].tolist() == ["ann", "ann", "bob"]
    assert snapshot.posts.created_at.tolist() == [1767312000] * 3
    assert snapshot.posts.content.tolist() == ["text of p1", "text of p2", "text of p3"]


def test_posts_of_followed_people_are_events_that_nobody_has_seen(small: AppDatabase) -> None:
    for number, followed in enumerate(("ann", "bob")):
        edge = {"id": f"f{number}", "follower_id": "cem", "following_id": followed}
        small.insert("follow", {**edge, "created_at": "2026-03-20"})
    like(small, "ann", "p3")
    snapshot, report = read(small)
    assert report.followed_posts == dangling(snapshot) == 3
    assert not {post for user, post in seen(snapshot) if user == "cem"}


def test_followers_are_counted(small: AppDatabase) -> None:
    for follower, followed in (("bob", "ann"), ("cem", "ann"), ("ann", "bob")):
        small.insert(
            "follow",
            {
                "id": follower + followed,
                "follower_id": follower,
                "following_id": followed,
                "created_at": "2026-01-05",
            },
        )
    assert read(small)[0].users.followers.tolist() == [2, 1, 0]


STRANGE = [
    "a,b",
    "quote \" and ' inside",
    "back\\slash \\N \\.",
    "tab\tand\nnewline",
    "🦊 fox",
    "\ufffdhigh",
    "Z",
    "a",
    "é",
    "x" * 5000,
    "%s %(name)s",
    "{brace}",
    " ",
]


def test_ids_are_verbatim_and_in_code_point_order(app_database: AppDatabase) -> None:
    for row, one in enumerate(STRANGE):
        app_database.users(one, email=f"{row}@example.org", username=str(row))
        app_database.posts(one, one)
    for one, other in pairwise(STRANGE):
        interact(app_database, one, other)
    snapshot, report = read(app_database)
    assert snapshot.users.ids.tolist() == sorted(STRANGE)
    assert snapshot.posts.ids.tolist() == sorted(STRANGE)
    assert seen(snapshot) == set(pairwise(STRANGE))
    assert report.vanished == 0


def add_synthetic(database: AppDatabase, index: int) -> str:
    one = identity.user_id("default", index)
    database.users(one, email=identity.user_email("default", index))
    return one


def test_synthetic_accounts_do_not_leak_among_real_ones(small: AppDatabase) -> None:
    one = add_synthetic(small, 0)
    small.users("impostor", email=identity.user_email("default", 1))
    tester = identity.TEST_ACCOUNTS[0]
    small.users(identity.test_account_id(tester), email=tester)
    small.posts(one, "synthetic post")
    interact(small, one, "p1")
    interact(small, "cem", "synthetic post")
    like(small, one, "p1")
    follow = {"id": "f", "follower_id": one, "following_id": "ann", "created_at": "2026-01-05"}
    small.insert("follow", follow)
    snapshot, report = read(small)
    assert not report.synthetic_included
    assert (report.real_accounts, report.synthetic_accounts) == (4, 2)
    assert sorted(snapshot.users.ids[snapshot.users.receives]) == ["ann", "bob", "cem", "impostor"]
    assert [row[:2] for row in events(snapshot)] == [("cem", "synthetic post")]
    assert snapshot.posts.ids[snapshot.posts.candidate].tolist() == ["p1", "p2", "p3"]
    assert not snapshot.posts.likes.any()
    assert not snapshot.users.followers.any()
    assert report.synthetic_events == 1
    assert (one, "p1") in seen(snapshot)

    snapshot, report = read(small, include_synthetic=True)
    assert report.synthetic_included
    assert snapshot.users.receives.all()
    assert snapshot.posts.candidate.all()
    assert report.events == 3
    assert report.synthetic_events == 0


def test_synthetic_accounts_count_where_nobody_is_real(app_database: AppDatabase) -> None:
    one = add_synthetic(app_database, 0)
    app_database.posts(one, "p")
    assert read(app_database)[1].synthetic_included
    snapshot, report = read(app_database, include_synthetic=False)
    assert not report.synthetic_included
    assert not snapshot.users.receives.any()


def test_accounts_made_later_are_not_there_yet(small: AppDatabase) -> None:
    small.users("later", created_at="2026-04-01")
    small.users("undated", created_at="infinity")
    assert read(small)[0].users.ids.tolist() == ["ann", "bob", "cem", "undated"]


def test_a_collision_falls_back_to_another_hash_and_in_the_end_is_an_error(
    own_database: AppDatabase,
) -> None:
    """A function of the same name, found first, forces what 64 bits make all but impossible."""
    fill(own_database)
    interact(own_database, "cem", "p1")
    engine = connect(own_database.url + "?options=-csearch_path%3Dpublic,pg_catalog")
    own_database.rows(
        "CREATE FUNCTION hashtextextended(id text, seed integer) RETURNS bigint LANGUAGE sql AS "
        "'SELECT CASE WHEN seed = 0 THEN 7 ELSE pg_catalog.hashtextextended(id, seed) END'"
    )
    snapshot, report = read_snapshot(engine, AS_OF, MONTH)
    assert report.hash_seed == 1
    assert [row[:2] for row in events(snapshot)] == [("cem", "p1")]
    own_database.rows(
        "CREATE OR REPLACE FUNCTION hashtextextended(id text, seed integer) RETURNS bigint "
        "LANGUAGE sql AS 'SELECT 7::bigint'"
    )
    with pytest.raises(DataError, match="collide"):
        read_snapshot(engine, AS_OF, MONTH)
    engine.dispose()


def test_a_null_where_none_may_be_is_an_error(own_database: AppDatabase) -> None:
    fill(own_database)
    own_database.rows("ALTER TABLE user_interaction ALTER COLUMN user_id DROP NOT NULL")
    for _ in range(3):
        interact(own_database, "cem", "p1")
    own_database.rows("UPDATE user_interaction SET user_id = NULL WHERE id = 'i1'")
    with pytest.raises(DataError, match="NULL"):
        read(own_database)


def test_the_arrays_have_the_types_of_the_snapshot(small: AppDatabase) -> None:
    interact(small, "cem", "p1")
    snapshot, _ = read(small)
    assert snapshot.interactions.user.dtype == snapshot.interactions.post.dtype == np.int32
    assert snapshot.interactions.kind.dtype == np.int8
    assert snapshot.interactions.at.dtype == snapshot.posts.created_at.dtype == np.int64
    assert snapshot.posts.author.dtype == snapshot.users.followers.dtype == np.int32
    assert snapshot.seen.dtype == bool
