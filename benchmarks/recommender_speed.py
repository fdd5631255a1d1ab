"""Fit and the top 50 of every user on a power-law matrix, beside the peers and the machine's floor.

    python -m benchmarks.recommender_speed --peers-python PEERS/bin/python

Each contender runs in a process of its own, which tells its time and peak memory. The floor is the
time that the additions of the item part alone take: no normalisation, no seen posts, no ranking.
"""

import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from benchmarks.peers import peers_python as default_python
from benchmarks.speed_floor import floor, power_law
from benchmarks.speed_peers import CONTENDERS, clock, peak, spent
from threads_pipelines.dataset.snapshot import Interactions, Posts, Snapshot, Users
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import recommend_chunks
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.starts import spectral_view

DAYS = 30
AS_OF = 1_767_225_600
ITEM, BLEND, FLOOR = "ours, item part", "ours, whole blend", "floor: the additions alone"
VIEW = "ours, blend with the spectral view"
OURS = (ITEM, BLEND, VIEW, FLOOR)


def snapshot(matrix: csr_matrix) -> Snapshot:
    """The matrix as the nightly would read it; times are spread over a month."""
    users, posts = matrix.shape
    rng = np.random.default_rng(1)
    none = np.zeros(posts, np.int32)
    return Snapshot(
        users=Users(_ids("u", users), np.zeros(users, np.int32), np.ones(users, bool)),
        posts=Posts(
            ids=_ids("p", posts),
            author=np.full(posts, -1, np.int32),
            created_at=np.full(posts, AS_OF - DAYS * 86_400),
            content=np.full(posts, "", object),
            candidate=np.ones(posts, bool),
            likes=none,
            comments=none,
        ),
        interactions=Interactions(
            user=np.repeat(np.arange(users, dtype=np.int32), np.diff(matrix.indptr)),
            post=matrix.indices.astype(np.int32),
            kind=np.ones(matrix.nnz, np.int8),
            at=AS_OF - rng.integers(0, DAYS * 86_400, matrix.nnz),
        ),
        seen=matrix,
        as_of=AS_OF,
    )


def _ids(letter: str, n: int) -> NDArray[np.object_]:
    return np.array([f"{letter}{i:08}" for i in range(n)], object)


def ours(name: str, matrix: csr_matrix, neighbours: int, top_k: int) -> dict[str, float]:
    share = 0.0 if name == ITEM else RecommenderSettings().blend.people_share
    settings = RecommenderSettings().changed(
        {"similar_posts.neighbours": neighbours, "blend.people_share": share}
    )
    night = snapshot(matrix)
    if name == VIEW:  # as tuning would add it, with the same number of similar posts
        view = {**spectral_view(night), "similar_posts.neighbours": neighbours}
        settings = settings.changed(view)
    tiny = snapshot(power_law(50, 40, 300))
    list(recommend_chunks(fit(tiny, settings), top_k))  # compiles
    start = clock()
    model = fit(night, settings)
    fitted = clock()
    rows = sum(len(chunk) for chunk in recommend_chunks(model, top_k))
    return {**spent(start, fitted), "rows": rows}


def worker(name: str, path: Path, neighbours: int, top_k: int) -> None:
    """One of ours in this process; prints what ``speed_peers`` prints."""
    with np.load(path) as held:
        ones = np.ones(len(held["indices"]), bool)
        matrix = csr_matrix((ones, held["indices"], held["indptr"]), tuple(held["shape"]))
    loaded = peak()
    run = floor if name == FLOOR else partial(ours, name, top_k=top_k)
    found = run(matrix=matrix, neighbours=neighbours)
    click.echo(json.dumps({**found, "peak_mb": peak(), "loaded_mb": loaded}))


def save(path: Path, matrix: csr_matrix) -> None:
    """Write a binary matrix as both kinds of worker read it."""
    np.savez(path, indptr=matrix.indptr, indices=matrix.indices, shape=matrix.shape)


def own_worker(name: str, path: Path, neighbours: int, top_k: int) -> list[str]:
    """The command that runs ``worker`` in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.recommender_speed", "--worker", name]
    command += ["--matrix", str(path), "--neighbours", str(neighbours), "--top-k", str(top_k)]
    return command


def above(row: dict[str, Any]) -> float:
    """Peak memory beyond what the process held with the matrix alone, in MB."""
    return float(row["peak_mb"] - row["loaded_mb"])


def measure(command: list[str]) -> dict[str, Any] | None:
    """What the contender's process printed last; None where it failed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


@click.command()
@click.option("--size", default="100000x20000x5000000", show_default=True, help="USERSxPOSTSxPAIRS")
@click.option("--neighbours", default=100, show_default=True)
@click.option("--top-k", default=50, show_default=True)
@click.option("--peers-python", default=default_python, help="Python of the peers' environment.")
@click.option("--only", multiple=True, help="Part of a contender's name; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path), default=Path(".state/bench"))
@click.option("--worker", "contender", hidden=True)
@click.option("--matrix", type=click.Path(path_type=Path), hidden=True)
def main(
    size: str,
    neighbours: int,
    top_k: int,
    peers_python: str | None,
    only: tuple[str, ...],
    out: Path,
    contender: str | None,
    matrix: Path | None,
) -> None:
    """Measure all contenders on one matrix."""
    if contender and matrix:
        worker(contender, matrix, neighbours, top_k)
        return
    # Only here: the pictures' library would count as memory of the contenders above.
    from benchmarks.report import write_report

    wanted = [n for n in (*OURS, *CONTENDERS) if not only or any(part in n for part in only)]
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        path, small = Path(folder) / "matrix.npz", Path(folder) / "small.npz"
        save(path, power_law(*(int(part) for part in size.split("x"))))
        save(small, power_law(50, 40, 300))
        for name in wanted:
            if name in OURS:
                # Compiled code is kept on disk: a night spends neither time nor memory on it.
                measure(own_worker(name, small, neighbours, top_k))
                command = own_worker(name, path, neighbours, top_k)
            elif peers_python:
                script = str(Path(__file__).with_name("speed_peers.py"))
                command = [peers_python, script, name, str(path), str(neighbours), str(top_k)]
            else:
                continue
            found = measure(command)
            if found is None:
                click.echo(f"{name}: failed", err=True)
                continue
            rows.append({"contender": name, "seconds": found["fit"] + found["rank"], **found})
            click.echo(f"{name}: {rows[-1]['seconds']:.1f} s, {found['peak_mb']:.0f} MB", err=True)
    peer = next((row for row in rows if row["contender"] == "implicit cosine"), None)
    for row in rows:
        if peer:
            row["times as fast as implicit"] = peer["seconds"] / row["seconds"]
            row["by cpu"] = peer["cpu"] / row["cpu"]
            row["memory of implicit's"] = row["peak_mb"] / peer["peak_mb"]
            row["beyond the matrix"] = above(row) / above(peer)
    title = f"Fit and top {top_k} of all: {size}, {neighbours} neighbours"
    click.echo(write_report(f"recommender_speed_{size}", rows, out, title=title, bars="seconds"))


if __name__ == "__main__":
    main()
