"""Sixty users, forty posts, and nights whose scores tell where a row comes from."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from random import Random
from typing import Any

import pyarrow as pa

from tests.storage.app_database import AppDatabase
from tests.storage.publishing import NIGHT, TTL
from threads_pipelines.storage.postgres.publishing.publish import PublishReport, publish

USERS = [f"user {row:03}" for row in range(60)]
POSTS = [f"post {row:03}" for row in range(40)]
FEED = 20
HOUR = timedelta(hours=1)


def night(generation: int) -> Iterator[pa.Table]:
    """Twenty posts for each user, others each night; the score tells generation and place."""
    for user in USERS:
        chosen = sorted(Random(f"{generation} {user}").sample(POSTS, FEED))
        scores = [generation / 1000 + (FEED - place) / 100_000 for place in range(FEED)]
        yield pa.table({"user_id": [user] * FEED, "post_id": chosen, "score": scores})


def publish_night(
    database: AppDatabase,
    generation: int,
    source: Callable[[int], Iterable[pa.Table]] = night,
    **options: Any,
) -> PublishReport:
    at = NIGHT + generation * HOUR
    return publish(
        database.engine, source(generation), generated_at=at, expires_at=at + TTL,
        now=NIGHT + 10 * HOUR, run_id=f"night {generation}", shard_rows=100,
        **options,
    )  # fmt: skip


def expected(generation: int) -> dict[str, list[tuple[str, float]]]:
    return {
        table["user_id"][0].as_py(): list(
            zip(table["post_id"].to_pylist(), table["score"].to_pylist(), strict=True)
        )
        for table in night(generation)
    }


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


def whole(generation: int) -> list[pa.Table]:
    """The night as something that can be read twice."""
    return list(night(generation))


def shorter(generation: int) -> list[pa.Table]:
    """The night without the last ten people."""
    return whole(generation)[:50]


def kill_when_reached(database: AppDatabase, script: str, *arguments: str) -> None:
    """Run a script that publishes to the database, and kill it when it prints ``reached``."""
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        process.stdin.write(database.url + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "reached\n"
        process.send_signal(signal.SIGKILL)
