"""The app deletes users, posts and rows beside publishes: none of its statements fails."""

import random
import threading

import psycopg2
import pytest
from sqlalchemy import make_url

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import POSTS, USERS, expected, publish_night
from tests.storage.publishing import feeds
from threads_pipelines.storage.postgres.publishing.publish import PublishReport


def libpq(database: AppDatabase) -> str:
    address = make_url(database.url).set(drivername="postgresql")
    return address.render_as_string(hide_password=False)


def delete_and_publish(crowd: AppDatabase, count: int) -> None:
    """Delete over one connection while nights are published; no statement of it may fail.

    The connection looks for deadlocks at once, so that it is the victim wherever there is one.
    """
    crowd.rows(
        "UPDATE post SET user_id = %s || substr(id, 6) WHERE substr(id, 6)::int %% 2 = 0", "user "
    )
    failed: list[str] = []

    def app() -> None:
        rng = random.Random(count)
        connection = psycopg2.connect(libpq(crowd), options="-c deadlock_timeout=1ms")
        connection.autocommit = True
        with connection.cursor() as cursor:
            for _ in range(count):
                try:
                    act(cursor, rng)
                except psycopg2.Error as error:
                    failed.append(f"{error.pgcode}: {error}")
        connection.close()

    deleting = threading.Thread(target=app)
    deleting.start()
    reports: list[PublishReport] = []
    while deleting.is_alive():
        reports.append(publish_night(crowd, len(reports) + 1))
    deleting.join()
    assert failed == []
    assert len(reports) > 1
    assert sum(report.users_busy for report in reports) < 0.01 * sum(r.users for r in reports)
    assert not crowd.rows(
        "SELECT user_id FROM user_recommendation GROUP BY user_id "
        "HAVING count(DISTINCT generated_at) > 1"
    )
    last = len(reports) + 1
    publish_night(crowd, last)
    there = {user for (user,) in crowd.rows('SELECT id FROM "user"')}
    posts = {post for (post,) in crowd.rows("SELECT id FROM post")}
    assert feeds(crowd) == {
        user: rows
        for user, feed in expected(last).items()
        if user in there and (rows := [row for row in feed if row[0] in posts])
    }


def act(cursor: psycopg2.extensions.cursor, rng: random.Random) -> None:
    """Delete users, posts or rows, one or several at once; then users and posts come again."""
    users = rng.sample(USERS, rng.choice([1, 1, 3]))
    posts = rng.sample(POSTS, rng.choice([1, 1, 3]))
    kind = rng.randrange(4)
    if kind == 0:
        cursor.execute('DELETE FROM "user" WHERE id = ANY(%s)', (users,))
    elif kind == 1:
        cursor.execute("DELETE FROM post WHERE id = ANY(%s)", (posts,))
    elif kind == 2:
        cursor.execute("DELETE FROM user_recommendation WHERE user_id = ANY(%s)", (users,))
    else:
        cursor.execute("DELETE FROM user_recommendation WHERE post_id = ANY(%s)", (posts,))
    cursor.execute(
        'INSERT INTO "user" (id, email, username, updated_at) '
        "SELECT id, id || '@example.org', id, now() FROM unnest(%s) AS t (id) "
        "ON CONFLICT DO NOTHING",
        (users,),
    )
    cursor.execute(
        "INSERT INTO post (id, user_id, content, updated_at) "
        "SELECT id, %s, 'again', now() FROM unnest(%s) AS t (id) ON CONFLICT DO NOTHING",
        (users[0], POSTS),
    )


def test_no_delete_of_the_app_fails_beside_publishes(crowd: AppDatabase) -> None:
    delete_and_publish(crowd, 1_000)


@pytest.mark.soak
def test_no_delete_of_the_app_fails_beside_many_publishes(crowd: AppDatabase) -> None:
    delete_and_publish(crowd, 10_000)


def test_who_is_held_by_another_transaction_keeps_what_they_have(crowd: AppDatabase) -> None:
    publish_night(crowd, 1)
    with psycopg2.connect(libpq(crowd)) as holding, holding.cursor() as cursor:
        cursor.execute("DELETE FROM user_recommendation WHERE user_id = %s", (USERS[7],))
        cursor.execute('DELETE FROM "user" WHERE id = %s', (USERS[8],))
        report = publish_night(crowd, 2)
        assert report.users_busy == 2
        holding.rollback()
    held = {user: expected(1)[user] for user in (USERS[7], USERS[8])}
    assert feeds(crowd) == {**expected(2), **held}
    assert publish_night(crowd, 2).users_busy == 0
    assert feeds(crowd) == expected(2)
