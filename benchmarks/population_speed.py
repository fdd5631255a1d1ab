"""How long a population takes, as a ratio to drawing and sorting as many random rows.

python -m benchmarks.population_speed
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import click
import numpy as np

from benchmarks.report import write_report
from threads_pipelines.content.seeds import parse_seed_posts, parse_seed_users
from threads_pipelines.population.generate import generate
from threads_pipelines.population.settings import PopulationSettings
from threads_pipelines.population.tables import interaction_batches
from threads_pipelines.project_files import SEEDS_DIR

NOW = datetime(2026, 1, 15, 12)  # noqa: DTZ001 - naive UTC, as everywhere in the database


@dataclass(frozen=True)
class Size:
    """One population to make."""

    users: int
    posts: int
    interactions: int


SIZES = (Size(300, 600, 15_000), Size(20_000, 5_000, 1_000_000), Size(100_000, 20_000, 10_000_000))


@click.command()
@click.option("--largest", default=10_000_000, show_default=True, help="Interactions at most.")
@click.option("--out", default=Path(".state/bench"), type=click.Path(path_type=Path))
def main(largest: int, out: Path) -> None:
    """Time the generator and the columns for a bulk copy."""
    _made(SIZES[0])  # compiles
    rows = []
    for size in (size for size in SIZES if size.interactions <= largest):
        floor = _clock(partial(_floor, size.interactions))
        seconds = _clock(partial(_made, size))
        rows.append(
            {
                "interactions": f"{size.interactions:,}",
                "users": size.users,
                "posts": size.posts,
                "seconds": seconds,
                "ratio to the floor": seconds / floor,
            }
        )
    title = "Generating a population"
    click.echo(write_report("population_speed", rows, out, title=title, bars="ratio to the floor"))


def _made(size: Size) -> None:
    kinds = parse_seed_users((SEEDS_DIR / "seed_users.json").read_bytes(), "seed_users.json")
    posts = parse_seed_posts((SEEDS_DIR / "seed_posts.json").read_bytes(), "seed_posts.json")
    topics = [posts[index % len(posts)].topic for index in range(size.posts)]
    texts = [f"{topic} {index}" for index, topic in enumerate(topics)]
    settings = PopulationSettings(users=size.users, interactions=size.interactions)
    for _ in interaction_batches(generate(settings, "bench", kinds, texts, topics, NOW)):
        pass


def _floor(count: int) -> None:
    """Random users, posts and times, sorted by time."""
    rng = np.random.default_rng(0)
    order = np.argsort(rng.random(count), kind="stable")
    rng.integers(0, 1 << 30, (count, 2))[order]


def _clock(run: Callable[[], None]) -> float:
    start = time.process_time()
    run()
    return time.process_time() - start


if __name__ == "__main__":
    main()
