"""How far a generated feed is from a real one: fitted on half of the users, judged on the others.

    python -m benchmarks.population_realism FILE.csv.gz

The floor is the distance between the two halves of the real platform. All events are pairs of user
and post (threads_pipelines.population.realism.statistics says why).
"""

from pathlib import Path

import click
import numpy as np

from benchmarks.report import write_report
from threads_pipelines.files.reading import read_snapshot
from threads_pipelines.population.realism import distributions
from threads_pipelines.population.realism import statistics as realism
from threads_pipelines.population.realism.statistics import FeedEvents
from threads_pipelines.population.realism.table import as_markdown, compare
from tools.population_fit import fit, simulate

SEEDS = range(100, 105)  # not the seeds that the fit has seen


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--rounds", default=100, show_default=True, help="Rounds of correction in the fit.")
@click.option("--seed", default=0, show_default=True, help="Seed of the halves and of the fit.")
@click.option("--out", default=Path(".state/bench"), type=click.Path(path_type=Path))
def main(file: Path, rounds: int, seed: int, out: Path) -> None:
    """Fit on half of the users of FILE, generate as many, and compare with the other half."""
    events = read_snapshot(file).snapshot.interactions
    pairs = realism.first_events(events.user, events.post, events.at)
    users = np.unique(pairs.user)
    fitted_on = np.isin(pairs.user, np.random.default_rng(seed).permutation(users)[::2])
    ours, others = _part(pairs, fitted_on), _part(pairs, ~fitted_on)
    settings = fit(ours, seed, rounds, click.echo)
    real, first = realism.samples(others), realism.samples(ours)
    floor = distributions.distances(first, real)
    made = [simulate(settings.model_copy(update={"seed": s}), ours) for s in SEEDS]
    runs = [distributions.distances(realism.samples(run), real) for run in made]
    rows = []
    for name in floor:
        found = [run[name] for run in runs]
        rows.append(
            {
                "distribution": name,
                "generated, mean": float(np.mean(found)),
                "generated, worst seed": max(found),
                "other half, real": floor[name],
            }
        )
    title = "Kolmogorov-Smirnov distance to held-out real users"
    click.echo(write_report("population_realism", rows, out, title=title, bars="generated, mean"))
    click.echo(as_markdown(compare(made[0])))
    (out / "population_settings.json").write_text(settings.model_dump_json(indent=1))


def _part(events: FeedEvents, chosen: np.ndarray) -> FeedEvents:
    return FeedEvents(events.user[chosen], events.post[chosen], events.at[chosen])


if __name__ == "__main__":
    main()
