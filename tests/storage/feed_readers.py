"""Readers of feeds that notice what no reader may ever see."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random

import psycopg2
from psycopg2.errors import LockNotAvailable
from sqlalchemy import make_url

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import FEED, USERS
from tests.storage.publishing import NIGHT

PATIENCE = "100ms"
"""A reader that waits for a lock as long as this is what ruins the slowest reads."""


@dataclass
class Readers:
    """Clients that read feeds as the app does, and remember what no reader may ever see."""

    url: str
    wrong: list[str]
    among: Sequence[str]
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
                        (random.choice(self.among), NIGHT),
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
def readers(
    database: AppDatabase, count: int = 3, among: Sequence[str] = USERS
) -> Iterator[Readers]:
    """Clients that read the feeds of some people, each as long as the block runs."""
    found, stop = Readers(database.url, [], among), threading.Event()
    threads = [threading.Thread(target=found.read, args=(seed, stop)) for seed in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()
