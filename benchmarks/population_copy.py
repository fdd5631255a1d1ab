"""A population with all it refers to, generated and copied in, next to a COPY of its interactions.

    python -m benchmarks.population_copy --interactions 1000000

The floor is the server's own COPY of the same rows of ``user_interaction`` into an empty table with
the same indexes and foreign keys, over one connection.
"""

import tempfile
import time
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Engine

from benchmarks.app_database import app_database
from benchmarks.report import write_report
from threads_pipelines import settings
from threads_pipelines.content.seeds import parse_seed_posts, parse_seed_users
from threads_pipelines.population.generate import Population, generate
from threads_pipelines.population.settings import PopulationSettings
from threads_pipelines.population.tables import TABLES, batches
from threads_pipelines.project_files import SEEDS_DIR
from threads_pipelines.storage.postgres.bulk import copy_batches
from threads_pipelines.storage.postgres.database import session

NOW = datetime.fromisoformat("2026-01-15 12:00:00")
FLOOR_TABLE = """
CREATE TABLE floor (LIKE user_interaction INCLUDING ALL);
ALTER TABLE floor ADD FOREIGN KEY (user_id) REFERENCES "user" ON DELETE CASCADE ON UPDATE CASCADE;
ALTER TABLE floor ADD FOREIGN KEY (post_id) REFERENCES post ON DELETE CASCADE ON UPDATE CASCADE;
"""


@click.command()
@click.option("--interactions", default=1_000_000, show_default=True)
@click.option("--users", default=20_000, show_default=True)
@click.option("--posts", default=5_000, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the report.")
def main(interactions: int, users: int, posts: int, out: Path | None) -> None:
    """Time the generator, the copy, a second run that adds nothing, and the floor."""
    made(300, 600, 15_000)  # compiles
    with app_database() as engine:
        start = time.perf_counter()
        population = made(users, posts, interactions)
        generated = time.perf_counter()
        added = copy(engine, population)
        copied = time.perf_counter()
        again = copy(engine, population)
        repeated = time.perf_counter()
        seconds = floor(engine)
    rows = [
        {"what": "floor: COPY of the interactions alone", "seconds": seconds, "rows": interactions},
        {"what": "generate", "seconds": generated - start, "rows": added},
        {"what": "copy all tables", "seconds": copied - generated, "rows": added},
        {"what": "copy them again", "seconds": repeated - copied, "rows": again},
    ]
    found = [{**row, "ratio": float(str(row["seconds"])) / seconds} for row in rows]
    folder = out or settings.load().state_dir / "bench"
    title = f"A population of {interactions:,} interactions into the database"
    click.echo(write_report("population_copy", found, folder, title=title, bars="ratio"))


def made(users: int, posts: int, interactions: int) -> Population:
    """A population whose posts have a word each."""
    folder = SEEDS_DIR
    kinds = parse_seed_users((folder / "seed_users.json").read_bytes(), "seed_users.json")
    seeds = parse_seed_posts((folder / "seed_posts.json").read_bytes(), "seed_posts.json")
    topics = [seeds[index % len(seeds)].topic for index in range(posts)]
    texts = [f"{topic} {index}" for index, topic in enumerate(topics)]
    config = PopulationSettings(users=users, interactions=interactions)
    return generate(config, "bench", kinds, texts, topics, NOW)


def copy(engine: Engine, population: Population) -> int:
    """Copy every table; returns the new rows."""
    return sum(
        new for name in TABLES for new in copy_batches(engine, name, batches(population, name))
    )


def floor(engine: Engine) -> float:
    """Seconds of the COPY that cannot be avoided."""
    with (
        tempfile.TemporaryFile(dir=settings.load().state_dir) as file,
        session(engine) as connection,
        connection.cursor() as cursor,
    ):
        dump = "COPY (SELECT * FROM user_interaction ORDER BY created_at) TO STDOUT (FORMAT binary)"
        cursor.copy_expert(dump, file)
        cursor.execute(FLOOR_TABLE)
        connection.commit()
        file.seek(0)
        start = time.perf_counter()
        cursor.copy_expert("COPY floor FROM STDIN (FORMAT binary)", file, 1 << 20)
        connection.commit()
        return time.perf_counter() - start


if __name__ == "__main__":
    main()
