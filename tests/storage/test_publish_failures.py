"""What goes wrong while a publish runs: nobody loses a feed, and the next run repairs."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random

import psycopg2
import pyarrow as pa
import pytest
from sqlalchemy import Engine, make_url

from tests.storage.conftest import AppDatabase
from tests.storage.test_publish import NIGHT, TTL, feeds, put
from threads_pipelines import settings
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.errors import DatabaseError, PublishBusyError
from threads_pipelines.storage import publish_shard
from threads_pipelines.storage.contract import create_schema
from threads_pipelines.storage.database import connect, session
from threads_pipelines.storage.publish import PublishReport, publish
from threads_pipelines.storage.publish_lock import enter_shard, publishing
from threads_pipelines.storage.purge import purge_expired

USERS = [f"user {row:03}" for row in range(60)]
POSTS = [f"post {row:03}" for row in range(40)]
FEED = 20
HOUR = timedelta(hours=1)
DELETE = "DELETE FROM user_recommendation WHERE user_id = %(user)s"


@pytest.fixture
def crowd(app_database: AppDatabase) -> AppDatabase:
    """60 users and 40 posts."""
    app_database.users(*USERS, "author")
    app_database.posts("author", *POSTS)
    return app_database


def night(generation: int) -> Iterator[pa.Table]:
    """Twenty posts for each user, others each night; the score tells generation and place."""
    for user in USERS:
        chosen = sorted(Random(f"{generation} {user}").sample(POSTS, FEED))
        scores = [generation + (FEED - place) / 100 for place in range(FEED)]
        yield pa.table({"user_id": [user] * FEED, "post_id": chosen, "score": scores})


def publish_night(
    database: AppDatabase,
    generation: int,
    source: Callable[[int], Iterator[pa.Table]] = night,
    **options: float,
) -> PublishReport:
    at = NIGHT + generation * HOUR
    return publish(
        database.engine, source(generation), generated_at=at, expires_at=at + TTL,
        now=NIGHT + 10 * HOUR, run_id=f"night {generation}", shard_rows=100,
        **options,  # type: ignore[arg-type]  # wait_seconds and connections
    )  # fmt: skip


def expected(generation: int) -> dict[str, list[tuple[str, float]]]:
    return {
        table["user_id"][0].as_py(): list(
            zip(table["post_id"].to_pylist(), table["score"].to_pylist(), strict=True)
        )
        for table in night(generation)
    }


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
            while not stop.is_set():
                cursor.execute(
                    "SELECT r.post_id, r.score FROM user_recommendation r "
                    'JOIN post p ON p.id = r.post_id JOIN "user" u ON u.id = p.user_id '
                    "WHERE r.user_id = %s AND r.expires_at > %s ORDER BY r.score DESC LIMIT 50",
                    (random.choice(USERS), NIGHT),
                )
                found = cursor.fetchall()
                generations = {int(score) for _, score in found}
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
            for user in USERS:
                for statement in statements:
                    with connection.cursor() as cursor:
                        query = insert if statement == "INSERT" else statement
                        cursor.execute(query, {"user": user, "at": NIGHT, "until": NIGHT + TTL})
            publish_night(crowd, 0)
    assert fault in seen.wrong


def test_another_run_waits_and_then_says_who_publishes(crowd: AppDatabase) -> None:
    with publishing(crowd.engine, "night 7", wait_seconds=1):
        with pytest.raises(PublishBusyError, match=r"since 20\d\d-.* UTC, run night 7"):
            publish_night(crowd, 1, wait_seconds=0.2)
        with pytest.raises(PublishBusyError, match="run night 7"):
            purge_expired(crowd.engine, NIGHT, wait_seconds=0.2)
    assert publish_night(crowd, 1, wait_seconds=0.2).inserted == 1200


def test_two_publishers_at_once_come_one_after_the_other(crowd: AppDatabase) -> None:
    failures: list[BaseException] = []

    def run(generation: int) -> None:
        try:
            publish_night(crowd, generation, wait_seconds=60)
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    threads = [threading.Thread(target=run, args=(generation,)) for generation in (2, 1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert feeds(crowd) == expected(3)


def stalling(
    at: int, reached: threading.Event, go_on: threading.Event
) -> Callable[[int], Iterator[pa.Table]]:
    """A source that stops before its user ``at`` until it may go on."""

    def source(generation: int) -> Iterator[pa.Table]:
        for row, table in enumerate(night(generation)):
            if row == at:
                reached.set()
                assert go_on.wait(60)
            yield table

    return source


def test_a_publisher_that_wakes_up_after_a_newer_one_does_no_harm(crowd: AppDatabase) -> None:
    reached, go_on = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            publish_night(crowd, 1, stalling(30, reached, go_on))
        except BaseException as error:  # noqa: BLE001 - told to the test
            failures.append(error)

    stale = threading.Thread(target=run)
    stale.start()
    assert reached.wait(60)
    # Its lease is gone, as after a cut of the network; the connections of its shards live.
    crowd.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'threads-pipelines publish night 1'"
    )
    publish_night(crowd, 2)
    go_on.set()
    stale.join()
    assert feeds(crowd) == expected(2)
    (failure,) = failures
    assert isinstance(failure, DatabaseError)


def test_a_shard_of_a_lost_lease_never_begins(crowd: AppDatabase) -> None:
    with publishing(crowd.engine, "old", wait_seconds=1) as lease:
        pass
    with (
        publishing(crowd.engine, "new", wait_seconds=1),
        session(crowd.engine) as connection,
        pytest.raises(PublishBusyError, match="lost its right to publish"),
    ):
        enter_shard(connection, lease)


def test_a_new_publisher_waits_for_the_shard_of_an_old_one(crowd: AppDatabase) -> None:
    with session(crowd.engine) as connection:
        with publishing(crowd.engine, "old", wait_seconds=1) as lease:
            enter_shard(connection, lease)
        with pytest.raises(PublishBusyError, match="shard of an earlier run"):
            publish_night(crowd, 1, wait_seconds=0.2)
        connection.rollback()
    assert publish_night(crowd, 1, wait_seconds=0.2).inserted == 1200


def test_a_publisher_that_hangs_loses_its_lease(crowd: AppDatabase) -> None:
    def hang() -> None:
        with publishing(crowd.engine, "hung", wait_seconds=1, idle_seconds=0.2) as lease:
            time.sleep(1)
            lease.renew()

    with pytest.raises(DatabaseError, match=r"terminating|closed"):
        hang()
    assert publish_night(crowd, 1, wait_seconds=0.2).inserted == 1200


@pytest.mark.parametrize("deleted", ["post", "user"])
def test_what_is_deleted_midway_costs_its_own_rows_only(crowd: AppDatabase, deleted: str) -> None:
    reached, go_on = threading.Event(), threading.Event()
    reports: list[PublishReport] = []
    publish_night(crowd, 0)
    running = threading.Thread(
        target=lambda: reports.append(publish_night(crowd, 1, stalling(30, reached, go_on)))
    )
    running.start()
    assert reached.wait(60)
    gone = "post 007" if deleted == "post" else "user 050"
    crowd.rows(f'DELETE FROM "{deleted}" WHERE id = %s', gone)
    go_on.set()
    running.join()
    left = {
        user: [row for row in feed if row[0] != gone]
        for user, feed in expected(1).items()
        if user != gone
    }
    assert feeds(crowd) == left
    assert reports[0].vanished > 0


def test_a_shard_is_tried_again_after_a_deadlock_or_a_broken_key(
    crowd: AppDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first two attempts are made to fail as the server would let them."""
    attempts = []
    stage = publish_shard._stage

    def failing(cursor: psycopg2.extensions.cursor, shard: object) -> None:
        attempts.append(1)
        if len(attempts) < 3:
            code = "40P01" if len(attempts) == 1 else "23503"
            cursor.execute(f"DO $$BEGIN RAISE EXCEPTION 'forced' USING ERRCODE = '{code}'; END$$")
        stage(cursor, shard)  # type: ignore[arg-type]

    monkeypatch.setattr(publish_shard, "_stage", failing)
    report = publish_night(crowd, 1, connections=1)
    assert report.retries == 2
    assert feeds(crowd) == expected(1)

    attempts.clear()
    monkeypatch.setattr(publish_shard, "ATTEMPTS", 2)
    with pytest.raises(DatabaseError, match="forced"):
        publish_night(crowd, 2, connections=1)


def test_a_dropped_connection_is_an_error_and_the_next_run_repairs(crowd: AppDatabase) -> None:
    publish_night(crowd, 0)
    reached, go_on = threading.Event(), threading.Event()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            publish_night(crowd, 1, stalling(30, reached, go_on))
        except DatabaseError as error:
            failures.append(error)

    running = threading.Thread(target=run)
    running.start()
    assert reached.wait(60)
    crowd.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    go_on.set()
    running.join()
    assert len(failures) == 1
    found, old, new = feeds(crowd), expected(0), expected(1)
    assert all(found[user] in (old[user], new[user]) for user in USERS)
    report = publish_night(crowd, 1)
    assert report.unchanged > 0
    assert feeds(crowd) == new


KILLED = """
import sys, time
from datetime import timedelta
from tests.storage.conftest import AppDatabase
from tests.storage.test_publish_failures import night, publish_night
from threads_pipelines.storage.database import connect

def slow(generation):
    for row, table in enumerate(night(generation)):
        if row == 40:
            print("reached", flush=True)
            time.sleep(60)
        yield table

url = sys.stdin.readline().strip()
publish_night(AppDatabase(connect(url), url), 1, slow)
"""


@pytest.mark.slow
def test_a_killed_publisher_is_simply_run_again(crowd: AppDatabase) -> None:
    publish_night(crowd, 0)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(crowd.url + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "reached\n"
        process.send_signal(signal.SIGKILL)
    found, old, new = feeds(crowd), expected(0), expected(1)
    assert all(found[user] in (old[user], new[user]) for user in USERS)
    report = publish_night(crowd, 1)
    assert report.unchanged > 0
    assert feeds(crowd) == new


@pytest.mark.slow
def test_a_killed_server_loses_nothing_that_was_committed(state_dir: Path) -> None:
    stack = Stack(state_dir / "killed", ("postgres",))
    try:
        database = AppDatabase(*_connect(stack))
        assert create_schema(database.engine)
        database.users(*USERS, "author")
        database.posts("author", *POSTS)
        publish_night(database, 0)
        (pid_file,) = stack.state_dir.rglob("postmaster.pid")
        postmaster = int(pid_file.read_text().split()[0])

        def killing(generation: int) -> Iterator[pa.Table]:
            for row, table in enumerate(night(generation)):
                if row == 40:
                    os.kill(postmaster, signal.SIGKILL)
                yield table

        with pytest.raises(DatabaseError):
            publish_night(database, 1, killing)
        database = AppDatabase(*_connect(stack))
        found, old, new = feeds(database), expected(0), expected(1)
        assert all(found[user] in (old[user], new[user]) for user in USERS)
        publish_night(database, 1)
        assert feeds(database) == new
    finally:
        stack.stop()


def _connect(stack: Stack) -> tuple[Engine, str]:
    url = settings.sqlalchemy_url(stack.start()["DATABASE_URL"])
    return connect(url), url


def test_a_role_that_does_not_own_the_table_publishes_and_says_what_it_could_not(
    crowd: AppDatabase,
) -> None:
    crowd.rows("CREATE ROLE nightly LOGIN PASSWORD 'nightly'")
    try:
        crowd.rows('GRANT SELECT, UPDATE (updated_at) ON "user", post TO nightly')
        crowd.rows("GRANT SELECT, INSERT, UPDATE, DELETE ON user_recommendation TO nightly")
        url = make_url(crowd.url).set(username="nightly", password="nightly")
        engine = connect(url.render_as_string(False))
        report = put(AppDatabase(engine, ""), [(USERS[0], POSTS[0], 0.5)])
        assert not report.vacuumed
        assert "autovacuum" in report.notice
        assert feeds(crowd) == {USERS[0]: [(POSTS[0], 0.5)]}
    finally:
        crowd.rows("DROP OWNED BY nightly")
        crowd.rows("DROP ROLE nightly")
