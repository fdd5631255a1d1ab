"""People ranked per CPU second at growing catalogues, beside ranking every post for everybody.

    python -m benchmarks.catalogue_size

One model a size, fitted on a power-law matrix. The same users are ranked twice: by the posts that
their lists reach and the best of the rest, where these are few, and by all posts. Both give the
same rows, which is checked.
"""

import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.recommender_speed import snapshot
from benchmarks.report import write_report
from benchmarks.speed_floor import power_law
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.recommender import model as ranking
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.settings import RecommenderSettings

ALL_POSTS = 0.0


def ranked(model: Model, people: int, few: float, top_k: int) -> tuple[float, ScoredRows]:
    """CPU seconds and rows of ranking the first ``people`` users."""
    given, ranking.FEW = ranking.FEW, few
    try:
        model.recommend(slice(0, 8), top_k)  # compiles
        begin = time.process_time()
        rows = model.recommend(slice(0, people), top_k)
        return time.process_time() - begin, rows
    finally:
        ranking.FEW = given


@click.command()
@click.option("--posts", default="20000,200000,1000000", show_default=True)
@click.option("--users", default=20_000, show_default=True)
@click.option("--events", default=50, show_default=True, help="Events a user.")
@click.option("--people", default=1_000, show_default=True, help="Users that are ranked.")
@click.option("--top-k", default=50, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path(".state/bench"))
def main(posts: str, users: int, events: int, people: int, top_k: int, out: Path) -> None:
    """Measure every size of the catalogue."""
    found: list[dict[str, Any]] = []
    for n_posts in map(int, posts.split(",")):
        night = snapshot(power_law(users, n_posts, users * events))
        model = fit(night, RecommenderSettings())
        all_posts, expected = ranked(model, people, ALL_POSTS, top_k)
        cpu, rows = ranked(model, people, ranking.FEW, top_k)
        for name in ScoredRows.__dataclass_fields__:
            np.testing.assert_array_equal(getattr(rows, name), getattr(expected, name))
        found.append(
            {
                "posts": n_posts,
                "people a CPU second": people / cpu,
                "by all posts": people / all_posts,
                "ratio": all_posts / cpu,
            }
        )
        click.echo(
            f"{n_posts:>9,} posts: {people / cpu:,.0f} people a CPU second, "
            f"{people / all_posts:,.0f} by all posts ({all_posts / cpu:.1f} times)"
        )
    title = f"People ranked per CPU second ({users:,} users, {events} events each)"
    click.echo(write_report("catalogue_size", found, out, title=title, bars="ratio"))


if __name__ == "__main__":
    main()
