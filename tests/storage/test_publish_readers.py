"""Readers during a publish see one whole generation, and a test that could not fail is none."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import psycopg2
import pytest
from psycopg2.errors import LockNotAvailable
from sqlalchemy import make_url

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import FEED, USERS, expected, publish_night
from tests.storage.publishing import NIGHT, TTL, feeds
from threads_pipelines.storage.postgres.database import session

DELETE = "DELETE FROM user_recommendation WHERE user_id = %(user)s"
LOCK = "BEGIN; LOCK TABLE user_recommendation; SELECT pg_sleep(0.5); COMMIT"
PATIENCE = "100ms"
"""A reader that waits for a lock as long as this is what ruins the slowest reads."""


@dataclass
class Readers:
    """Clients that read feeds as the app does, and remember what no reader may ever see."""

    url: str
    wrong: list[str]
    reads: int = 0

    def read(self, seed: int, stop: threading.Event) -> None:
        url = make_url(self.url).set(drivername="postgresql").render_as_string(False)
        connection = psycopg2.connect(url)
        connection.autocommit = True
        random = Random(seed)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = %s", (PATIENCE,))
            while not stop.is_set():
                try:
                    cursor.execute(
                        "SELECT r.post_id, r.score FROM user_recommendation r "
                        'JOIN post p ON p.id = r.post_id JOIN "user" u ON u.id = p.user_id '
                        "WHERE r.user_id = %s AND r.expires_at > %s ORDER BY r.score DESC LIMIT 50",
                        (random.choice(USERS), NIGHT),
                    )
                except LockNotAvailable:
                    self.wrong.append("waiting")
                    continue
                found = cursor.fetchall()
                generations = {int(1000 * score) for _, score in found}
                self.reads += 1
                if len(generations) > 1:
                    self.wrong.append("mixed")
                elif not found:
                    self.wrong.append("empty")
                elif len(found) != FEED:
                    self.wrong.append("partial")
        connection.close()


@contextmanager
def readers(database: AppDatabase, count: int = 3) -> Iterator[Readers]:
    found, stop = Readers(database.url, []), threading.Event()
    threads = [threading.Thread(target=found.read, args=(seed, stop)) for seed in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()


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
