"""What goes wrong while a publish runs: nobody loses a feed, and the next run repairs."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pyarrow as pa
import pytest
from sqlalchemy import Engine, make_url

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import (
    POSTS,
    USERS,
    expected,
    kill_when_reached,
    night,
    publish_night,
    stalling,
)
from tests.storage.publishing import feeds, put
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.errors import DatabaseError
from threads_pipelines.storage.postgres.contract import create_schema
from threads_pipelines.storage.postgres.database import connect
from threads_pipelines.storage.postgres.publishing import shard_writer as publish_shard
from threads_pipelines.storage.postgres.publishing.publish import PublishReport


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
from tests.storage.app_database import AppDatabase
from tests.storage.crowd import night, publish_night
from threads_pipelines.storage.postgres.database import connect

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
    kill_when_reached(crowd, KILLED)
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
    url = sqlalchemy_url(stack.start()["DATABASE_URL"])
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
