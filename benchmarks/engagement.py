"""What bought accounts do to the feeds of real people, with and without the guard.

    python -m benchmarks.engagement FILE.csv.gz

Fake accounts of each family, as a share of the real ones, push an unpopular post on the last night
of the file. hit@10 is the share of real people with the target in their first ten; of the posts of
a like farm the one that is shown most. The settings are tuned on the night without an attack. Each
part of the guard is also judged alone, and by what it costs on nights without an attack.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from benchmarks.report import write_report
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.metrics import per_user
from threads_pipelines.evaluation.split import DAY, Split
from threads_pipelines.evaluation.splitters import by_time
from threads_pipelines.files.reading import read_snapshot
from threads_pipelines.guard.attacks import Attack, inject, targets_of
from threads_pipelines.guard.fake_histories import FAMILIES, Family
from threads_pipelines.guard.trust import trust_of
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import NO_VALUES
from threads_pipelines.tuning.tune import tune

SHARES = (0.01, 0.05, 0.1)
MOST_READERS = 3000
"""Real people whose feeds are looked at."""
TOP = 10
Trust = NDArray[np.float32]
Defence = Callable[[Snapshot, Family], Trust]


@dataclass(frozen=True, slots=True)
class Stage:
    """What an attack is tried on.

    train: the night. settings: its tuned settings. readers: (n,) rows of real people.
    """

    train: Snapshot
    settings: RecommenderSettings
    readers: NDArray[np.int32]


def undefended(snapshot: Snapshot, family: Family) -> Trust:
    """Every event counts."""
    return NO_VALUES


def structure(snapshot: Snapshot, family: Family) -> Trust:
    """The part of the guard that needs no label."""
    return trust_of(snapshot).of_events(snapshot)


DEFENCES: dict[str, Defence] = {"undefended": undefended, "structure": structure}


def hit_rate(stage: Stage, snapshot: Snapshot, trust: Trust, targets: Sequence[int]) -> float:
    """Share of the readers with a target in their first ten; of several the one most shown."""
    rows = fit(snapshot, stage.settings, trust=trust).recommend(stage.readers, TOP)
    return max(float((rows.post == target).sum()) / len(stage.readers) for target in targets)


def attacked_row(
    stage: Stage, family: Family, share: float, aged: float, repeats: int
) -> dict[str, Any]:
    """Mean hit@10 over some targets, for each defence, and the worst case of each."""
    people = len(np.unique(stage.train.interactions.user))
    found: dict[str, list[float]] = {}
    for repeat in range(repeats):
        rng = np.random.default_rng([FAMILIES.index(family), round(1000 * share), repeat])
        targets = targets_of(stage.train, family, rng)
        attack = Attack(family, round(share * people), targets, aged)
        attacked = inject(stage.train, attack, rng).snapshot
        clean = hit_rate(stage, stage.train, NO_VALUES, targets)
        found.setdefault("clean", []).append(clean)
        for name, defence in DEFENCES.items():
            trust = defence(attacked, family)
            found.setdefault(name, []).append(hit_rate(stage, attacked, trust, targets))
    row = {"family": family, "fakes": f"{share:.0%}", "aged": f"{aged:.0%}"}
    return row | {name: round(float(np.mean(values)), 4) for name, values in found.items()}


def quality_rows(
    snapshot: Snapshot, cuts: Sequence[int], tuned: RecommenderSettings
) -> list[dict[str, Any]]:
    """Recall and NDCG at 10 of real people on nights without an attack, for each defence."""
    rows: list[dict[str, Any]] = []
    for cut in cuts:
        split: Split = by_time(snapshot, cut, cut + DAY)
        users = split.test_users()
        users = users[split.known[users]]
        for name, defence in DEFENCES.items():
            trust = defence(split.train, FAMILIES[0])
            feeds = fit(split.train, tuned, trust=trust).recommend(users, TOP)
            vectors = per_user(feeds, split.relevant, users, (TOP,))
            rows.append(
                {
                    "night": str(np.datetime64(cut, "s"))[:10],
                    "defence": name,
                    "recall@10": round(float(vectors["recall@10"].mean()), 4),
                    "ndcg@10": round(float(vectors["ndcg@10"].mean()), 4),
                    "events below 1": round(float((trust < 1).mean()) if len(trust) else 0.0, 4),
                }
            )
    return rows


def summary_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Median and worst case of the rows, as what a defence leaves over clean."""
    result = []
    for name in DEFENCES:
        over = np.array([row[name] - row["clean"] for row in rows])
        result.append(
            {
                "defence": name,
                "median over clean": round(float(np.median(over)), 4),
                "worst over clean": round(float(over.max()), 4),
            }
        )
    return result


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--repeats", default=2, show_default=True, help="Targets of each row.")
@click.option("--nights", default=3, show_default=True, help="Nights without an attack.")
@click.option("--aged", default=(0.5,), multiple=True, help="Shares of aged fakes to try.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(".state/bench"))
def main(file: Path, repeats: int, nights: int, aged: tuple[float, ...], out: Path) -> None:
    """Attack the last night of FILE: user_id, post_id, created_at."""
    snapshot = read_snapshot(file).snapshot
    last = int(snapshot.interactions.at.max()) // DAY * DAY
    split = by_time(snapshot, last, last + DAY)
    rng = np.random.default_rng(0)
    known = np.flatnonzero(split.known).astype(np.int32)
    readers = np.sort(rng.choice(known, min(MOST_READERS, len(known)), replace=False))
    stage = Stage(split.train, tune(split.train).chosen, readers)
    click.echo(f"tuned: {stage.settings.model_dump_json(exclude_defaults=True)}", err=True)
    cuts = [last - back * DAY for back in range(nights - 1, -1, -1)]
    quality = quality_rows(snapshot, cuts, stage.settings)
    click.echo(write_report("engagement_quality", quality, out, title="Nights without an attack"))
    rows = []
    for family in FAMILIES:
        for share in SHARES:
            for part in aged:
                rows.append(attacked_row(stage, family, share, part, repeats))
                click.echo(rows[-1], err=True)
    title = f"hit@{TOP} of an unpopular target among {len(readers):,} real people of {file.name}"
    click.echo(write_report("engagement", rows, out, title=title))
    summary = summary_rows(rows)
    click.echo(write_report("engagement_summary", summary, out, title="Over clean"))


if __name__ == "__main__":
    sys.exit(main())
