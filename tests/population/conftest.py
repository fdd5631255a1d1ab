from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import pytest

from threads_pipelines.population.generate import Population, generate
from threads_pipelines.population.settings import PopulationSettings

NOW = datetime(2025, 11, 20, 12, 34, 56)  # noqa: DTZ001 - the contract is naive UTC
TOPICS = ("books", "food", "sports", "travel")


@dataclass(frozen=True)
class Kind:
    id: str
    topic_weights: Mapping[str, float]
    bio: tuple[str, ...] = ("Likes things.", "Likes other things.")
    activity: float = 1.0
    posting: float = 1.0
    name: str = field(default="A kind of person")


ARCHETYPES = (
    Kind("reader", {"books": 8.0, "food": 2.0}),
    Kind("cook", {"food": 9.0, "travel": 1.0}, activity=1.5, posting=2.0),
    Kind("runner", {"sports": 7.0, "travel": 3.0}),
    Kind("wanderer", {"travel": 8.0, "food": 2.0}),
)


def make(
    settings: PopulationSettings, posts: int = 200, now: datetime = NOW, run_key: str = "test"
) -> Population:
    texts = [f"Text number {index}" for index in range(posts)]
    topics = [TOPICS[index % len(TOPICS)] for index in range(posts)]
    return generate(settings, run_key, ARCHETYPES, texts, topics, now)


@pytest.fixture(scope="session")
def build() -> Callable[..., Population]:
    return make


@pytest.fixture(scope="session")
def population() -> Population:
    return make(PopulationSettings(), posts=500)
