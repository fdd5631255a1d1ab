"""Publishing on a real server: what a reader finds afterwards."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.storage.app_database import AppDatabase
from tests.storage.publishing import DAY, FIRST, NIGHT, TTL, feeds, put, table
from threads_pipelines.errors import DataError
from threads_pipelines.storage.postgres.publishing.publish import publish
from threads_pipelines.storage.postgres.publishing.purge import purge_expired


@pytest.fixture
def small(app_database: AppDatabase) -> AppDatabase:
    app_database.users("ann", "bob", "cem", "author")
    app_database.posts("author", "p1", "p2", "p3", "p4")
    return app_database


def test_the_first_night_inserts(small: AppDatabase) -> None:
    report = put(small, FIRST)
    assert feeds(small) == {"ann": [("p2", 0.9), ("p1", 0.5)], "bob": [("p1", 0.8)]}
    assert (report.inserted, report.updated, report.deleted, report.users) == (3, 0, 0, 2)
    assert report.vacuumed
    assert report.wal_bytes > 0
    assert small.rows("SELECT DISTINCT generated_at, expires_at FROM user_recommendation") == [
        (NIGHT, NIGHT + TTL)
    ]
    ids = [one for (one,) in small.rows("SELECT id FROM user_recommendation")]
    assert len(set(ids)) == 3
    assert all(one == one.lower() and len(one) == 36 and one[14] == "8" for one in ids)


def test_the_next_night_replaces_each_users_rows(small: AppDatabase) -> None:
    put(small, FIRST)
    ids = dict(small.rows("SELECT user_id || post_id, id FROM user_recommendation"))
    report = put(small, [("ann", "p3", 0.9), ("ann", "p1", 0.7)], generated_at=NIGHT + DAY)
    assert feeds(small) == {"ann": [("p3", 0.9), ("p1", 0.7)], "bob": [("p1", 0.8)]}
    assert (report.inserted, report.updated, report.deleted) == (1, 1, 1)
    after = dict(small.rows("SELECT user_id || post_id, id FROM user_recommendation"))
    assert after["annp1"] == ids["annp1"]


def test_the_same_run_again_writes_nothing(small: AppDatabase) -> None:
    put(small, FIRST)
    before = small.rows("SELECT ctid::text, xmin::text FROM user_recommendation ORDER BY id")
    report = put(small, FIRST)
    assert (report.unchanged, report.inserted + report.updated + report.deleted) == (3, 0)
    assert not report.vacuumed
    after = small.rows("SELECT ctid::text, xmin::text FROM user_recommendation ORDER BY id")
    assert after == before


def test_the_same_generation_with_other_rows_leaves_no_leftovers(small: AppDatabase) -> None:
    put(small, FIRST)
    put(small, [("ann", "p3", 0.9), ("ann", "p2", 0.9000001)])
    assert feeds(small)["ann"] == [("p2", 0.9000001), ("p3", 0.9)]


def test_an_older_generation_never_overwrites_a_newer_one(small: AppDatabase) -> None:
    put(small, [("ann", "p2", 0.9)], generated_at=NIGHT)
    report = put(small, FIRST, generated_at=NIGHT - DAY, now=NIGHT)
    assert feeds(small) == {"ann": [("p2", 0.9)], "bob": [("p1", 0.8)]}
    assert (report.users_newer, report.rows_newer, report.inserted) == (1, 2, 1)


def test_rows_that_are_newer_but_expired_give_way(small: AppDatabase) -> None:
    put(small, [("ann", "p2", 0.9)], generated_at=NIGHT, expires_at=NIGHT + timedelta(hours=1))
    now = NIGHT + timedelta(hours=2)
    put(small, [("ann", "p2", 0.4), ("ann", "p3", 0.2)], generated_at=NIGHT - DAY, now=now)
    assert feeds(small) == {"ann": [("p2", 0.4), ("p3", 0.2)]}


def test_a_generation_that_has_expired_is_archived(small: AppDatabase) -> None:
    report = put(small, FIRST, now=NIGHT + TTL)
    assert report.archived
    assert "archived" in report.notice
    assert feeds(small) == {}


def test_users_without_rows_are_left_alone(small: AppDatabase) -> None:
    put(small, FIRST)
    put(small, [], generated_at=NIGHT + DAY)
    assert feeds(small) == {"ann": [("p2", 0.9), ("p1", 0.5)], "bob": [("p1", 0.8)]}


def test_a_deleted_user_or_post_costs_its_own_rows_only(small: AppDatabase) -> None:
    small.rows("DELETE FROM post WHERE id = 'p1'")
    small.rows("DELETE FROM \"user\" WHERE id = 'cem'")
    rows = [("ann", "p1", 0.9), ("ann", "p2", 0.8), ("bob", "p3", 0.7), ("cem", "p2", 0.6)]
    report = put(small, rows)
    assert feeds(small) == {"ann": [("p2", 0.8)], "bob": [("p3", 0.7)]}
    assert (report.inserted, report.vanished) == (2, 2)


def test_a_user_whose_new_posts_are_all_gone_keeps_the_old_ones(small: AppDatabase) -> None:
    put(small, FIRST)
    report = put(small, [("ann", "gone", 0.9), ("bob", "p2", 0.1)], generated_at=NIGHT + DAY)
    assert feeds(small) == {"ann": [("p2", 0.9), ("p1", 0.5)], "bob": [("p2", 0.1)]}
    assert report.vanished == 1


def test_times_are_cut_to_whole_seconds(small: AppDatabase) -> None:
    fine = NIGHT + timedelta(microseconds=654_321)
    put(small, FIRST, generated_at=fine)
    put(small, FIRST, generated_at=fine)
    assert small.rows("SELECT DISTINCT generated_at, expires_at FROM user_recommendation") == [
        (NIGHT, NIGHT + TTL)
    ]
    assert len(feeds(small)["ann"]) == 2


def test_local_time_zones_change_nothing(small: AppDatabase) -> None:
    small.rows("ALTER ROLE CURRENT_USER SET timezone = 'Asia/Kathmandu'")
    try:
        put(small, FIRST)
        assert small.rows("SELECT DISTINCT expires_at::text FROM user_recommendation") == [
            ("2026-04-02 02:00:00",)
        ]
    finally:
        small.rows("ALTER ROLE CURRENT_USER RESET timezone")
    with pytest.raises(DataError, match="naive UTC"):
        put(small, FIRST, now=NIGHT.astimezone())


def test_ids_are_verbatim(app_database: AppDatabase) -> None:
    strange = sorted(
        ["a,b", "quote \" '", "back\\slash \\N", "tab\tnew\nline", "🦊", "\ufffdz", "%s"]
    )
    for row, one in enumerate(strange):
        app_database.users(one, email=f"{row}@example.org", username=str(row))
        app_database.posts(one, one)
    rows = [(one, other, 0.5) for one in strange for other in strange]
    put(app_database, rows, shard_rows=10)
    assert app_database.rows(
        'SELECT user_id, post_id FROM user_recommendation ORDER BY user_id COLLATE "C", '
        'post_id COLLATE "C"'
    ) == [(one, other) for one, other, _ in rows]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("ann", "p1", float("nan"))], "score of user ann, post p1 is nan, not in"),
        ([("ann", "p1", float("inf"))], "is inf, not in"),
        ([("ann", "p1", 1.5)], "is 1.5, not in"),
        ([("ann", "p1", -1e-9)], "is -1e-09, not in"),
        ([("ann", "p1", 0.5), ("ann", "p1", 0.4)], "user ann, post p1 occurs twice"),
        ([("bob", "p1", 0.5), ("ann", "p1", 0.4)], "not sorted by user_id"),
        ([("ann", None, 0.5)], "post_id holds a NULL"),
    ],
)
def test_what_must_not_be_published_is_refused(
    small: AppDatabase, rows: list[tuple[str, str, float]], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        put(small, rows)
    assert feeds(small) == {}


def test_users_out_of_order_between_shards_are_refused(small: AppDatabase) -> None:
    tables = [table([("bob", "p1", 0.5), ("cem", "p1", 0.5)]), table([("ann", "p1", 0.5)])]
    with pytest.raises(DataError, match="not sorted"):
        publish(
            small.engine, tables, generated_at=NIGHT, expires_at=NIGHT + TTL, now=NIGHT,
            run_id="test", shard_rows=1,
        )  # fmt: skip


def test_purging_deletes_what_expired(small: AppDatabase) -> None:
    put(small, FIRST)
    put(small, [("bob", "p2", 0.1)], generated_at=NIGHT + DAY)
    assert purge_expired(small.engine, NIGHT + TTL, batch=1) == 2
    assert feeds(small) == {"bob": [("p2", 0.1)]}
    assert purge_expired(small.engine, NIGHT + TTL) == 0


USERS = ("ann", "bob", "cem")
POSTS = ("p1", "p2", "p3", "p4")
NIGHTS = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.dictionaries(
            st.tuples(st.sampled_from(USERS), st.sampled_from(POSTS)),
            st.floats(0, 1),
            max_size=12,
        ),
    ),
    max_size=4,
)


@hypothesis_settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nights=NIGHTS, shard_rows=st.integers(1, 6), connections=st.integers(1, 3))
def test_any_order_of_nights_leaves_each_user_the_newest(
    small: AppDatabase,
    nights: list[tuple[int, dict[tuple[str, str], float]]],
    shard_rows: int,
    connections: int,
) -> None:
    small.rows("TRUNCATE user_recommendation")
    expected: dict[str, tuple[int, dict[str, float]]] = {}
    for day, scores in nights:
        rows = [(*pair, score) for pair, score in sorted(scores.items())]
        at = NIGHT + day * timedelta(hours=1)
        now = NIGHT + timedelta(hours=4)
        put(small, rows, generated_at=at, now=now, shard_rows=shard_rows, connections=connections)
        for user in {user for user, _ in scores}:
            if user not in expected or expected[user][0] <= day:
                mine = {post: score for (one, post), score in scores.items() if one == user}
                expected[user] = (day, mine)
    found = {user: dict(feed) for user, feed in feeds(small).items()}
    assert found == {user: feed for user, (_, feed) in expected.items()}


def test_only_what_is_the_same_in_every_way_is_passed_over(small: AppDatabase) -> None:
    """The fast way out of a second run looks at a fingerprint of each user's rows."""
    rows = [("ann", "p1", 0.25), ("ann", "p2", 0.75), ("bob", "p1", 0.5), ("cem", "p3", 0.875)]
    for wrong in (
        [("ann", "p1", 0.75), ("ann", "p2", 0.25), *rows[2:]],
        [("ann", "p1", 0.25), ("ann", "p3", 0.75), *rows[2:]],
        [*rows[1:]],
        [*rows[:2], ("ann", "p3", 0.1), *rows[2:]],
        [*rows[:2], ("bob", "p1", 0.5000000000000001), rows[3]],
        [*rows[:3], ("cem", "p3", 0.9375)],
    ):
        put(small, wrong)
        report = put(small, rows)
        assert report.inserted + report.updated + report.deleted > 0
        assert report.unchanged + report.inserted + report.updated == 4
        again = put(small, rows)
        assert again.unchanged == 4
    small.rows("UPDATE user_recommendation SET expires_at = expires_at + interval '1 hour'")
    assert put(small, rows).updated == 4
    small.rows("UPDATE user_recommendation SET expires_at = 'infinity' WHERE post_id = 'p2'")
    assert put(small, rows).updated == 1
