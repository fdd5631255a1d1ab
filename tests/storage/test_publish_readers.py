"""Readers during a publish see one whole generation, and a test that could not fail is none."""

import time

import pytest

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import USERS, expected, publish_night
from tests.storage.feed_readers import readers
from tests.storage.publishing import NIGHT, TTL, feeds
from threads_pipelines.storage.postgres.database import session

DELETE = "DELETE FROM user_recommendation WHERE user_id = %(user)s"
LOCK = "BEGIN; LOCK TABLE user_recommendation; SELECT pg_sleep(0.5); COMMIT"


@pytest.mark.slow
def test_readers_see_one_whole_generation(crowd: AppDatabase) -> None:
    publish_night(crowd, 0)
    with readers(crowd) as seen:
        for generation in range(1, 6):
            publish_night(crowd, generation)
        while seen.reads < 2000:
            time.sleep(0.01)
    assert seen.wrong == []
    assert feeds(crowd) == expected(5)


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        # What a publish must not be: rows deleted before the new ones are there ...
        ([DELETE, "INSERT"], "empty"),
        # ... or the new ones added before the old ones go.
        (
            ["INSERT", DELETE + " AND score < 1"],
            "mixed",
        ),
        # ... or a page of a feed at a time, or the whole table under a lock.
        ([DELETE + " AND post_id < 'post 020'"], "partial"),
        ([LOCK], "waiting"),
    ],
)
def test_the_readers_would_notice(crowd: AppDatabase, statements: list[str], fault: str) -> None:
    publish_night(crowd, 0)
    insert = (
        "INSERT INTO user_recommendation (id, user_id, post_id, score, generated_at, expires_at) "
        "SELECT gen_random_uuid(), %(user)s, id, 1 + row_number() OVER (ORDER BY id) / 100.0, "
        "%(at)s, %(until)s FROM (SELECT id FROM post ORDER BY id LIMIT 20) AS chosen "
        "ON CONFLICT (user_id, post_id) DO UPDATE SET score = excluded.score"
    )
    deadline = time.monotonic() + 20
    with readers(crowd) as seen, session(crowd.engine, autocommit=True) as connection:
        while fault not in seen.wrong and time.monotonic() < deadline:
            for user in USERS if fault != "waiting" else USERS[:1]:
                for statement in statements:
                    with connection.cursor() as cursor:
                        query = insert if statement == "INSERT" else statement
                        cursor.execute(query, {"user": user, "at": NIGHT, "until": NIGHT + TTL})
            publish_night(crowd, 0)
    assert fault in seen.wrong
