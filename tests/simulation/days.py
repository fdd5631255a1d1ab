"""Simulated days: ticks and nights by a controlled clock, without Dagster and without a model."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
from sqlalchemy import Engine

from threads_pipelines.content.contract import INTERESTS
from threads_pipelines.content.persona import Persona
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.simulation import database as storage
from threads_pipelines.simulation import tick as simulation
from threads_pipelines.simulation.fake_users import make_fake_users
from threads_pipelines.simulation.passed import Passed
from threads_pipelines.simulation.tick import Look
from threads_pipelines.simulation.ticks import TickSettings
from threads_pipelines.simulation.writing import write_posts
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.publishing.publish import publish
from threads_pipelines.storage.postgres.reading.snapshot import read_snapshot

EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - naive UTC, as the app has it


@dataclass(frozen=True)
class Shares:
    """Of posts of a reader's own interest, mean over readers: in the top 10, and among all."""

    top: float
    base: float

    @property
    def wanted(self) -> float:
        return self.base + 0.4 * (1 - self.base)


def day(engine: Engine, first: datetime, ticks: int, gap: timedelta, seed: int) -> list[Look]:
    """A tick every ``gap`` from ``first`` on; everything that was looked at."""
    looks: list[Look] = []
    users = storage.read_fake_users(engine)
    passed: Passed = {}
    for number in range(ticks):
        now = first + number * gap
        rng = np.random.default_rng([seed, number])
        count = int(rng.integers(1, 4))
        write_posts(engine, users, count, now, rng, None, calls=0)
        seen, _ = simulation.act_on_feeds(
            engine, users, now, rng, Persona(None, rng), TickSettings(), passed
        )
        looks += seen
    return looks


def night(engine: Engine, as_of: datetime) -> None:
    """Read, fit, rank and publish, as the night does with the default settings."""
    as_of_seconds = round((as_of - EPOCH).total_seconds())
    # The posts are real people's here: their feeds are made too.
    snapshot, _ = read_snapshot(engine, as_of_seconds, timedelta(days=30), include_synthetic=True)
    rows = fit(snapshot, RecommenderSettings()).recommend(slice(None), 50)
    table = pa.table(
        {
            "user_id": snapshot.users.ids[rows.user],
            "post_id": snapshot.posts.ids[rows.post],
            "score": rows.score,
        }
    )
    publish(
        engine,
        [table],
        generated_at=as_of,
        expires_at=as_of + timedelta(hours=48),
        now=as_of,
        run_id="night",
    )


def liked_share(looks: list[Look], groups: dict[str, str]) -> dict[str, float]:
    """Share of the posts looked at that were liked, by group of the reader."""
    found: dict[str, list[bool]] = {}
    for look in looks:
        liked = any(act.kind == "like" for act in look.acts)
        found.setdefault(groups[look.user.id], []).append(liked)
    return {group: float(np.mean(likes)) for group, likes in found.items()}


def shares(engine: Engine, topics: dict[str, str], now: datetime, top: int = 10) -> Shares:
    """How well the rows that are live at ``now`` suit the fake users.

    topics: of the catalogue's posts by id; a fake user's post is about its author's interest.
    """
    interest = {user.id: INTERESTS[user.interest] for user in make_fake_users(10)}
    with session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id, user_id FROM post WHERE original_post_id IS NULL")
        topics = topics | {post: interest[author] for post, author in cursor if author in interest}
        cursor.execute(
            "SELECT user_id, post_id FROM user_recommendation"
            " WHERE user_id = ANY (%s) AND expires_at > %s ORDER BY user_id, score DESC",
            (list(interest), now),
        )
        feeds: dict[str, list[str]] = {}
        for user_id, post_id in cursor:
            feeds.setdefault(user_id, []).append(post_id)
    every = Counter(topics.values())
    hits = [
        np.mean([topics[post] == interest[user] for post in posts[:top]])
        for user, posts in feeds.items()
    ]
    bases = [every[interest[user]] / every.total() for user in feeds]
    return Shares(float(np.mean(hits)), float(np.mean(bases)))
