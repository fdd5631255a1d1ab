"""SIGKILL at every boundary of a night: before each SQL statement, S3 request and file rename.

After each kill every feed is whole and from one night, and what pointers name is there. The night
that is run again gives the table of a night that nobody killed, and the one after it works.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.machine.small_app import fill
from tests.storage.app_database import AppDatabase
from threads_pipelines.project_files import PROJECT_ROOT
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.scored import batches, open_scored

NOW = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
BASE, KILLED, NEXT = (NOW - timedelta(hours=hours) for hours in (3, 2, 1))
PARTS = 10
SAMPLE = 6
FRESH = 10
"""After so many kills what the nights left in the bucket goes."""
Row = tuple[str, str, float]
Told = tuple[str, str, float, str]


@dataclass
class Nights:
    """A night server on real parts."""

    database: AppDatabase
    store: ArtefactStore
    server: subprocess.Popen[str]

    def play(self, as_of: datetime, kill: int = 0) -> dict[str, Any]:
        assert self.server.stdin
        assert self.server.stdout
        self.server.stdin.write(json.dumps({"as_of": as_of.isoformat(), "kill": kill}) + "\n")
        self.server.stdin.flush()
        answer: dict[str, Any] = json.loads(self.server.stdout.readline())
        assert answer["status"] == (-9 if "text" in answer else 0), answer
        return answer

    def feeds(self) -> dict[str, set[Row]]:
        found: dict[str, set[Row]] = {}
        query = "SELECT user_id, post_id, score, generated_at FROM user_recommendation"
        for user, *row in self.database.rows(query):
            found.setdefault(user, set()).add(tuple(row))
        return found

    def told(self) -> set[Told]:
        """The table with the reason of each row, as the version that is served gives it."""
        active = read_registry(self.store.objects).active
        assert active
        with open_scored(self.store, active.partition, active.version) as files:
            tables = list(batches(files, ["user_id", "post_id", "score", "reason"]))
        rows = {tuple(row.values()) for table in tables for row in table.to_pylist()}
        table = {
            (user, post, score) for user, rows in self.feeds().items() for post, score, _ in rows
        }
        assert {row[:3] for row in rows} == table
        return rows

    def verify(self) -> None:
        """What pointers and registry name is there, with the checksums of its files."""
        registry = read_registry(self.store.objects)
        named = {(entry.partition, entry.version) for entry in registry.entries}
        for partition in self.store.partitions():
            current = self.store.current(partition)
            if current:
                named.add((partition, current))
        for partition, version in named:
            for name in self.store.manifest(partition, version).files:
                with self.store.reading(partition, name, version):
                    pass

    def objects(self) -> dict[str, bytes]:
        store = self.store.objects
        return {item.key: store.get(item.key) for item in store.listing("")}

    def put_back(self, rows: list[tuple[Any, ...]]) -> None:
        self.database.rows("TRUNCATE user_recommendation")
        names = ("id", "user_id", "post_id", "score", "generated_at", "expires_at")
        self.database.insert(
            "user_recommendation", *(dict(zip(names, row, strict=True)) for row in rows)
        )

    def restore(self, objects: dict[str, bytes]) -> None:
        store = self.store.objects
        for item in list(store.listing("")):
            if item.key not in objects:
                store.delete(item.key)
        for key, content in objects.items():
            store.put(key, content)


@pytest.fixture
def nights(app_database: AppDatabase, s3_settings: S3Settings, tmp_path: Path) -> Iterator[Nights]:
    fill(app_database, BASE)
    environment = {
        **os.environ,
        "DATABASE_URL": app_database.url,
        "DAGSTER_DATABASE_URL": app_database.url,
        "S3_ENDPOINT_URL": str(s3_settings.endpoint_url),
        "S3_BUCKET": s3_settings.bucket,
        "AWS_ACCESS_KEY_ID": str(s3_settings.access_key_id),
        "AWS_SECRET_ACCESS_KEY": str(s3_settings.secret_access_key),
        "OLLAMA_HOST": "http://127.0.0.1:1",
        "NIGHT_LOG": str(tmp_path / "night.log"),
    }
    command = [sys.executable, "-W", "ignore", "-m", "tests.machine.night_server"]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=PROJECT_ROOT,
    ) as server:
        store = ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch")
        yield Nights(app_database, store, server)
        assert server.stdin
        server.stdin.close()


def kill_at(nights: Nights, chosen: Callable[[int], Iterable[int]]) -> None:
    """Kill nights at the chosen ones of their boundaries, of which ``chosen`` is told the number.

    Two nights take turns, so that each one is the next night of the one that was killed before it.
    """
    whole_job = nights.play(BASE)["kinds"]
    rows = nights.database.rows(
        "SELECT id, user_id, post_id, score, generated_at, expires_at FROM user_recommendation"
    )
    objects, feeds = nights.objects(), [nights.feeds()]
    expected, counts, kinds = [], [], Counter[str]()
    for night in (KILLED, NEXT):
        found = nights.play(night)["kinds"]
        kinds += Counter(found)
        counts.append(sum(found.values()))
        expected.append(nights.told())
        feeds.append(nights.feeds())
    assert feeds[0] != feeds[1] != feeds[2]
    print(f"the job passes {whole_job}, two nights {dict(kinds)}")
    count, points, killed = min(counts), 0, Counter[str]()
    for place, number in enumerate(chosen(count)):
        turn = place % 2
        if turn == 0:
            nights.put_back(rows)
        if place % FRESH == 0:
            nights.restore(objects)
        night, before, after = (KILLED, NEXT)[turn], feeds[turn], feeds[turn + 1]
        answer = nights.play(night, number)
        where = f"killed before boundary {number} of {count}: {answer['kind']} {answer['text']}"
        left = nights.feeds()
        assert set(left) == set(before), where
        for user, feed in left.items():
            assert feed in (before[user], after[user]), (where, user)
        nights.verify()
        nights.play(night)
        assert nights.told() == expected[turn], where
        nights.verify()
        points += 1
        killed[answer["kind"]] += 1
    print(f"{points} points of {count} {dict(kinds)}: killed at {dict(killed)}")
    assert points


@pytest.mark.slow
def test_a_night_that_is_killed_at_some_boundaries(nights: Nights) -> None:
    kill_at(
        nights, lambda count: [1 + step * (count - 1) // (SAMPLE - 1) for step in range(SAMPLE)]
    )


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_a_night_that_is_killed_at_every_boundary(nights: Nights, part: int) -> None:
    kill_at(nights, lambda count: range(1 + part, count + 1, PARTS))
