"""Ours against the field: rolling nights of a file of interactions, one protocol for all.

    python -m benchmarks.recommender_quality FILE.csv.gz --peers-python PEERS/bin/python

Each night trains on everything before a midnight (UTC) and is judged on the 24 hours after it:
known users, posts that existed, seen pairs excluded. Everyone chooses settings inside the training
data, on the same validation split. The peers have an environment of their own, benchmarks/peers.in.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.peers import GRID
from benchmarks.peers import peers_python as default_python
from benchmarks.report import write_report
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation import baselines, metrics
from threads_pipelines.evaluation.holdout import hold_out
from threads_pipelines.evaluation.split import DAY, Split
from threads_pipelines.evaluation.splitters import by_time
from threads_pipelines.files.reading import read_snapshot
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.presets import SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.tune import tune

TOP_K = 50
VALIDATION_USERS = 1500
SHOWN = ("ndcg@10", "recall@20", "hit_rate@10", "mrr")
FORCED = {
    "events.exact_reads": 1.0,
    "events.history_cap": 50,
    "similar_people.reads_per_pair": 1.0,
    "similar_people.vote_cap": 20,
}
"""What large data does to the search, harder: short histories, neighbours from 4,000 people."""
Users = NDArray[np.int32]
Ranker = Callable[[Snapshot, Users], tuple[ScoredRows, str]]


@dataclass(frozen=True, slots=True)
class Score:
    """One model on one night."""

    model: str
    night: str
    means: dict[str, float]
    coverage: float
    seconds: float
    settings: str


_CHOSEN: dict[int, RecommenderSettings] = {}


def _tuned(train: Snapshot) -> RecommenderSettings:
    """The settings of this night, searched for once."""
    if train.as_of not in _CHOSEN:
        _CHOSEN[train.as_of] = tune(train).chosen
    return _CHOSEN[train.as_of]


def ours(caps: Mapping[str, float]) -> Ranker:
    """The engine as the nightly runs it, with these caps: tuned on validation, fitted, ranked."""

    def rank(train: Snapshot, users: Users) -> tuple[ScoredRows, str]:
        chosen = _tuned(train).changed(caps)
        settings = chosen.model_dump_json(exclude_defaults=True)
        return fit(train, chosen).recommend(users, TOP_K), settings

    return rank


def formula(settings: RecommenderSettings) -> Ranker:
    return lambda train, users: (fit(train, settings).recommend(users, TOP_K), "as the seeds say")


OWN: dict[str, Ranker] = {
    "ours (tuned)": ours({}),
    "ours (caps forced)": ours(FORCED),
    **{name: formula(settings) for name, settings in SEED_FORMULA.items()},
    "popularity": lambda train, users: (baselines.popularity(train, users, TOP_K), ""),
    "recent popularity": lambda train, users: (
        baselines.recent_popularity(train, users, TOP_K),
        f"half-life {baselines.HALF_LIFE_HOURS:.0f} h",
    ),
    "random": lambda train, users: (
        baselines.random(train, users, TOP_K, np.random.default_rng(0)),
        "",
    ),
}


def known_users(split: Split) -> Users:
    users = split.test_users()
    return users[split.known[users]]


def score(model: str, split: Split, rows: ScoredRows, seconds: float, settings: str) -> Score:
    users = known_users(split)
    vectors = metrics.per_user(rows, split.relevant, users)
    return Score(
        model=model,
        night=time.strftime("%Y-%m-%d", time.gmtime(split.train.as_of)),
        means={name: float(vector.mean()) for name, vector in vectors.items()},
        coverage=metrics.coverage(rows, split.train, users),
        seconds=seconds,
        settings=settings,
    )


class Peers:
    """Runs the peers' script on one split at a time."""

    def __init__(self, python: str, folder: Path) -> None:
        self.python, self.folder = python, folder

    def rows(
        self, split: Split, users: Users, wanted: list[tuple[str, dict[str, object]]]
    ) -> list[tuple[ScoredRows, float] | None]:
        """Lists of each (model, params); None where the peer failed (its message is printed)."""
        events = split.train.interactions
        shape = split.train.seen.shape
        matrix = csr_matrix((np.ones(len(events)), (events.user, events.post)), shape)
        people = np.flatnonzero(np.diff(matrix.indptr))
        posts = np.flatnonzero(np.bincount(matrix.indices, minlength=shape[1]))
        small = matrix[people][:, posts].tocsr()
        train = self.folder / "train.npz"
        place = np.searchsorted(people, users)
        np.savez(
            train, indptr=small.indptr, indices=small.indices, shape=small.shape,
            users=place, top_k=TOP_K,
        )  # fmt: skip
        outs = [self.folder / f"{i}.npz" for i in range(len(wanted))]
        jobs = [
            {"train": str(train), "model": model, "params": params, "out": str(out)}
            for (model, params), out in zip(wanted, outs, strict=True)
        ]
        for out in outs:
            out.unlink(missing_ok=True)
        (self.folder / "jobs.json").write_text(json.dumps(jobs))
        script = Path(__file__).with_name("peers.py")
        subprocess.run([self.python, script, self.folder / "jobs.json"], check=True)
        return [_scored(out, posts, users) for out in outs]


def _scored(path: Path, posts: NDArray[np.int64], users: Users) -> tuple[ScoredRows, float] | None:
    if not path.exists():
        return None
    with np.load(path) as held:
        lists, seconds = held["posts"], float(held["seconds"])
    line, column = np.nonzero(lists >= 0)
    n = len(line)
    rank = (np.cumsum(lists >= 0, axis=1)[line, column]).astype(np.int16)
    post = posts[lists[line, column]].astype(np.int32)
    zeros = np.zeros(n, np.int32)
    return (
        ScoredRows(users[line], post, 1 / rank, rank, zeros.astype(np.int8), zeros),
        seconds,
    )


def peers_of(split: Split, peers: Peers, only: list[str]) -> list[Score]:
    """Each peer with the settings that won on the validation split of this night."""
    inner = hold_out(split.train, np.random.default_rng(0))
    some = known_users(inner)
    if len(some) > VALIDATION_USERS:
        some = np.sort(np.random.default_rng(0).choice(some, VALIDATION_USERS, replace=False))
    tried = [(model, params) for model in only for params in GRID[model]]
    best: dict[str, tuple[float, dict[str, object]]] = {}
    for (model, params), result in zip(tried, peers.rows(inner, some, tried), strict=True):
        if result is None:
            continue
        value = float(metrics.per_user(result[0], inner.relevant, some)["ndcg@10"].mean())
        if model not in best or value > best[model][0]:
            best[model] = (value, params)
    chosen = [(model, params) for model, (_, params) in best.items()]
    results = peers.rows(split, known_users(split), chosen)
    return [
        score(model, split, *result, json.dumps(params))
        for (model, params), result in zip(chosen, results, strict=True)
        if result is not None
    ]


def own(split: Split, names: list[str]) -> list[Score]:
    result = []
    for name in names:
        start = time.perf_counter()
        rows, settings = OWN[name](split.train, known_users(split))
        result.append(score(name, split, rows, time.perf_counter() - start, settings))
    return result


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--nights", default=5, show_default=True, help="Midnights to evaluate.")
@click.option("--peers-python", default=default_python, help="Python of the peers' environment.")
@click.option("--only", multiple=True, help="Part of a model's name; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(".state/bench"))
def main(
    file: Path, nights: int, peers_python: str | None, only: tuple[str, ...], out: Path
) -> None:
    """Compare on FILE: user_id, post_id, created_at."""
    snapshot = read_snapshot(file).snapshot
    last = int(snapshot.interactions.at.max()) // DAY * DAY
    wanted = [name for name in (*OWN, *GRID) if not only or any(part in name for part in only)]
    scores: list[Score] = []
    with tempfile.TemporaryDirectory() as folder:
        for back in range(nights - 1, -1, -1):
            cut = last - back * DAY
            split = by_time(snapshot, cut, cut + DAY)
            scores += own(split, [name for name in wanted if name in OWN])
            if peers_python:
                peers = Peers(peers_python, Path(folder))
                scores += peers_of(split, peers, [name for name in wanted if name in GRID])
            for one in [s for s in scores if s.night == scores[-1].night]:
                click.echo(
                    f"{one.night} {one.model:22} ndcg@10 {one.means['ndcg@10']:.4f}", err=True
                )
    title = f"{nights} rolling nights: means, and NDCG@10 of each night"
    text = write_report("recommender_quality", table(scores), out, title=title, bars="ndcg@10")
    click.echo(text)
    (out / "recommender_quality_nights.json").write_text(
        json.dumps([{"model": s.model, "night": s.night, **s.means, "coverage@10": s.coverage,
                     "seconds": s.seconds, "settings": s.settings} for s in scores], indent=1)
    )  # fmt: skip


def table(scores: list[Score]) -> list[dict[str, object]]:
    """One row a model: NDCG@10 of each night, and means over the nights; best first."""
    rows: list[dict[str, object]] = []
    for model in dict.fromkeys(s.model for s in scores):
        mine = [s for s in scores if s.model == model]
        rows.append(
            {
                "model": model,
                **{name: round(float(np.mean([s.means[name] for s in mine])), 4) for name in SHOWN},
                "coverage@10": round(float(np.mean([s.coverage for s in mine])), 3),
                **{s.night: round(s.means["ndcg@10"], 4) for s in mine},
                "seconds": round(sum(s.seconds for s in mine), 1),
            }
        )
    return sorted(rows, key=lambda row: -float(str(row["ndcg@10"])))


if __name__ == "__main__":
    sys.exit(main())
