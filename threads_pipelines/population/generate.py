"""Generates a synthetic population from archetypes and texts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.errors import DataError
from threads_pipelines.population.accounts import Ids, People, draw_people
from threads_pipelines.population.archetype import Archetype, topics_of
from threads_pipelines.population.authors import Follows, draw_authors, draw_follows
from threads_pipelines.population.behaviour.behaviour import (
    Comments,
    Likes,
    SyntheticInteractions,
    behave,
    per_encounter,
)
from threads_pipelines.population.behaviour.encounters import (
    Encounters,
    appeal_of,
    draw_counts,
    draw_encounters,
)
from threads_pipelines.population.behaviour.marginals import Counts
from threads_pipelines.population.posts import SyntheticPosts, make_posts
from threads_pipelines.population.settings import PopulationSettings
from threads_pipelines.population.streams import stream

Times = NDArray[np.int64]
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Population:
    """A whole population; fields named ``user`` and ``post`` are rows of ``people`` and ``posts``.

    Attributes:
        run_key: The run key.
        now_ms: Epoch ms of the run; nothing happens later.
        topics: Names of the topics.
        people: The accounts.
        people_at: (n_users,) epoch ms at which each account was made, before all its actions.
        posts: The posts.
        follows: The follows.
        interactions: The interactions.
        likes: The standing likes.
        comments: The comments.
        left_out: S36, ids of accounts that the app cannot take; no table has a row about them.
    """

    run_key: str
    now_ms: int
    topics: tuple[str, ...]
    people: People
    people_at: Times
    posts: SyntheticPosts
    follows: Follows
    interactions: SyntheticInteractions
    likes: Likes
    comments: Comments
    left_out: Ids = field(default_factory=lambda: np.array([], "S36"))


def generate(
    settings: PopulationSettings,
    run_key: str,
    archetypes: Sequence[Archetype],
    texts: Sequence[str],
    post_topics: Sequence[str],
    now: datetime,
    progress: Callable[[str], None] = lambda message: None,
) -> Population:
    """Generate the population of a run key. The same arguments give the same rows.

    Args:
        settings: Settings of the population.
        run_key: The run key.
        archetypes: Kinds of people.
        texts: Content of each original post, in the order of their ids.
        post_topics: Topic of each original post.
        now: Naive UTC; nothing happens later.
        progress: Called with one sentence before each step.

    Returns:
        The population.

    Raises:
        DataError: There are no archetypes or texts, or not one topic for each text.
        ValueError: The run key is invalid.
    """
    if not archetypes or not texts or len(texts) != len(post_topics):
        raise DataError(
            f"A population needs archetypes ({len(archetypes)} given), and texts ({len(texts)}) "
            f"with a topic each ({len(post_topics)})"
        )
    accounts, seed = settings.accounts, settings.seed
    now_ms = round(now.replace(tzinfo=UTC).timestamp() * 1000)
    topics = topics_of(archetypes, post_topics)
    place = {name: row for row, name in enumerate(topics)}
    topic = np.array([place[name] for name in post_topics], np.int32)

    people = draw_people(run_key, settings.users, archetypes, topics, accounts, seed)
    progress(f"{len(people):,} accounts")
    author = draw_authors(topic, people.interest, people.posting, accounts, stream(seed, "authors"))
    counts = _counts(people, len(texts), settings)
    # The test accounts are made to be looked at: what they like has to be plain.
    strength = settings.interest_strength * np.where(people.is_test, 3.0, 1.0)
    met = draw_encounters(counts, author, topic, people.interest, strength, now_ms, settings)
    progress(f"{len(met.user):,} encounters")

    posts = make_posts(
        run_key, texts, topic, author, met,
        round(accounts.repost * len(texts)), now_ms, stream(seed, "reposts"),
    )  # fmt: skip
    appeal = appeal_of(people.interest)[met.user, topic[met.post]]
    interactions, likes, comments = behave(met, appeal, topic, topics, now_ms, settings)
    progress(f"{len(interactions):,} interactions")

    people_at = _made_at(people, posts, met, accounts.age_days, stream(seed, "ages"))
    reach = np.bincount(author[met.post], minlength=len(people))
    rng = stream(seed, "follows")
    follows = draw_follows(reach, people.interest, people_at, now_ms, accounts, rng)
    progress(f"{len(follows):,} follows")
    return Population(
        run_key, now_ms, topics, people, people_at, posts, follows, interactions, likes, comments
    )


def _counts(people: People, n_posts: int, settings: PopulationSettings) -> Counts:
    """Return the encounters of each account: none if silent, a fixed number for test accounts."""
    accounts, rng = settings.accounts, stream(settings.seed, "activity")
    most = max(n_posts // 2, 1)
    tests = np.where(people.is_test, min(accounts.test_account_encounters, most), 0)
    wanted = round(settings.interactions / per_encounter(settings)) - int(tests.sum())
    awake = (
        stream(settings.seed, "silent").random(len(people)) >= accounts.silent
    ) & ~people.is_test
    drawn = draw_counts(max(wanted, 0), most, people.activity * awake, settings.feed, rng)
    return drawn + tests


def _made_at(
    people: People,
    posts: SyntheticPosts,
    met: Encounters,
    age_days: float,
    rng: np.random.Generator,
) -> Times:
    """Return when each account was made: some time before its first action."""
    first = np.full(len(people), met.born_at.min())
    first[np.unique(met.user)] = np.iinfo(np.int64).max
    np.minimum.at(first, met.user, met.at)
    np.minimum.at(first, posts.author, posts.at)
    age = 1_000 + rng.exponential(age_days * _DAY_MS, len(people))
    return first - age.astype(np.int64)
