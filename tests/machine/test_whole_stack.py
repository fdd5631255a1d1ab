"""The whole stack: real jobs as processes, beside an app that acts, with kills and crashes.

The servers belong to this trial alone, because it kills them. 200 sequences in 40 parts.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.machine.small_app import fill
from tests.storage.app_database import AppDatabase
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.project_files import PROJECT_ROOT
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.postgres.contract import create_schema
from threads_pipelines.storage.postgres.database import connect
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.versions.checked import is_checked

PARTS, SEQUENCES, STEPS = 40, 5, 8
DEADLINE = 900
PARTS_OF_THE_STACK = ("postgres", "seaweedfs")
_ANY = {"config": {"max_left_without": 1.0}}
CONFIGS = {
    "nightly_recommendations": {"ops": {"user_recommendation": _ANY}},
    "refresh_recommendations": {"ops": {"refreshed_feeds": _ANY}},
    "pin_version": {"ops": {"publish_pinned": _ANY}},
}
Rows = dict[str, set[tuple[str, float]]]


@dataclass
class Live:
    """A stack of its own, and the app in it."""

    stack: Stack
    home: Path
    chance: random.Random
    named: int = 0
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start what does not run, and open it."""
        self.environment = self.stack.start()
        self.database = AppDatabase(connect(self._url), self._url)
        given = self.environment
        s3 = S3Settings(
            given["S3_ENDPOINT_URL"],
            given["S3_BUCKET"],
            given["AWS_ACCESS_KEY_ID"],
            given["AWS_SECRET_ACCESS_KEY"],
        )
        self.store = ArtefactStore(ObjectStore(s3), self.home / "scratch")

    @property
    def _url(self) -> str:
        return sqlalchemy_url(self.environment["DATABASE_URL"])

    def launch(self, job: str) -> subprocess.Popen[bytes]:
        """Start a job as an operator does."""
        command = [sys.executable, "-W", "ignore", "-m", "threads_pipelines.runner.launch", job]
        command += ["--config", json.dumps(CONFIGS.get(job, {}))]
        environment = {**os.environ, **self.environment, "DAGSTER_HOME": str(self.home)}
        environment["OLLAMA_HOST"] = "http://127.0.0.1:1"
        with (self.home / "jobs.log").open("ab") as log:
            return subprocess.Popen(
                command, cwd=PROJECT_ROOT, env=environment, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip

    def run(self, job: str) -> None:
        assert self.launch(job).wait(DEADLINE) == 0, (self.home / "jobs.log").read_text()[-4000:]

    def kill_a_night(self) -> None:
        """End a night with all its processes at any moment."""
        process = self.launch("nightly_recommendations")
        time.sleep(self.chance.uniform(1, 25))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def crash(self, part: str) -> None:
        """Kill a server in the midst of a night, and start it again."""
        process = self.launch("nightly_recommendations")
        time.sleep(self.chance.uniform(1, 25))
        (status,) = [one for one in self.stack.status() if one.name == part]
        assert status.pid
        os.kill(status.pid, signal.SIGKILL)
        process.wait(DEADLINE)  # fails, or has ended before
        self.start()

    def act(self) -> None:
        """Let people view, like, take likes back and delete."""
        users, posts = (
            [one for (one,) in self.database.rows(f'SELECT id FROM "{table}" ORDER BY id')]
            for table in ("user", "post")
        )
        for _ in range(self.chance.randrange(5, 20)):
            self.named += 1
            self.database.insert(
                "user_interaction",
                {
                    "id": f"later {self.named}",
                    "user_id": self.chance.choice(users),
                    "post_id": self.chance.choice(posts),
                    "interaction_type": self.chance.choice(("view", "click", "share")),
                    "created_at": datetime.now(UTC).replace(tzinfo=None),
                },
            )
        self.database.rows('DELETE FROM "like" WHERE id IN (SELECT id FROM "like" LIMIT 1)')
        if self.chance.random() < 0.5:
            self.database.rows("DELETE FROM post WHERE id = %s", self.chance.choice(posts))
        if self.chance.random() < 0.2:
            self.database.rows('DELETE FROM "user" WHERE id = %s', self.chance.choice(users))

    def feeds(self) -> Rows:
        """Live feeds; nobody has two generations, own posts or reposts."""
        found: Rows = {}
        made: dict[str, datetime] = {}
        for user, post, score, generated_at, author, original in self.database.rows(
            "SELECT r.user_id, r.post_id, r.score, r.generated_at, p.user_id, p.original_post_id "
            "FROM user_recommendation r JOIN post p ON p.id = r.post_id WHERE expires_at > now()"
        ):
            assert author != user
            assert original is None
            assert made.setdefault(user, generated_at) == generated_at, f"{user}: two generations"
            found.setdefault(user, set()).add((post, score))
        return found

    def versions(self) -> list[tuple[datetime, Rows]]:
        """Rows of every version that may be published, with its instant."""
        found = []
        for partition in self.store.partitions():
            for version in self.store.versions(partition):
                manifest = self.store.manifest(partition, version)
                if not is_checked(self.store, manifest):
                    continue
                rows: Rows = {}
                with open_scored(self.store, partition, version) as files:
                    for table in batches(files, ["user_id", "post_id", "score"]):
                        for row in table.to_pylist():
                            rows.setdefault(row["user_id"], set()).add(
                                (row["post_id"], row["score"])
                            )
                found.append((manifest.facts.as_of.astimezone(UTC).replace(tzinfo=None), rows))
        return found

    def judge(self, before: Rows) -> Rows:
        """Each feed is whole and of one version; nobody lost theirs."""
        feeds, versions = self.feeds(), self.versions()
        people, posts = (
            {one for (one,) in self.database.rows(f'SELECT id FROM "{table}"')}
            for table in ("user", "post")
        )
        lost = set(before) & people - set(feeds)
        assert not lost, f"without a feed: {lost}"
        seen = self.database.rows("SELECT user_id, post_id, created_at FROM user_interaction")
        for user, feed in feeds.items():
            met = {post: at for one, post, at in seen if one == user}
            assert any(
                feed <= rows.get(user, set())
                and all(
                    post not in posts or met.get(post, as_of) > as_of
                    for post, _ in rows[user] - feed
                )
                and all(met.get(post, as_of) >= as_of for post, _ in feed)
                for as_of, rows in versions
            ), f"{user}: {sorted(feed)} is no version's feed"
        return feeds


@pytest.fixture
def live(tmp_path: Path) -> Iterator[Live]:
    made = Live(Stack(tmp_path / "stack", PARTS_OF_THE_STACK), tmp_path, random.Random())
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    made.start()
    assert create_schema(made.database.engine)
    yield made
    made.stack.stop()


def play(live: Live, seed: int) -> None:
    """One sequence on an emptied stack: a night, then steps of chance, then two nights."""
    live.chance = random.Random(seed)
    live.database.rows('TRUNCATE "user" CASCADE')
    for prefix in ("models/", "pins/", "cache/"):
        live.store.objects.delete_prefix(prefix)
    fill(live.database, datetime.now(UTC).replace(tzinfo=None, microsecond=0))
    live.run("nightly_recommendations")
    feeds = live.judge({})
    for _ in range(STEPS):
        step = live.chance.choice(
            ("act", "act", "night", "kill", "postgres", "seaweedfs", "refresh", "pin", "prune")
        )
        if step == "act":
            live.act()
        elif step == "night":
            live.run("nightly_recommendations")
        elif step == "kill":
            live.kill_a_night()
        elif step in PARTS_OF_THE_STACK:
            live.crash(step)
        elif step == "refresh":
            live.run("refresh_recommendations")
        elif step == "prune":
            live.run("maintenance")
        elif read_registry(live.store.objects).previous:
            live.run("release_version" if read_pin(live.store.objects) else "pin_version")
        feeds = live.judge(feeds)
    live.run("release_version")
    for _ in range(2):
        live.run("nightly_recommendations")
        feeds = live.judge(feeds)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_sequences_of_real_jobs(live: Live, part: int) -> None:
    for sequence in range(SEQUENCES):
        play(live, part * SEQUENCES + sequence)
