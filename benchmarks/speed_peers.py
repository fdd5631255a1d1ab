"""One contender of the speed benchmark in a process of its own; imports nothing of the project.

    PYTHON benchmarks/speed_peers.py CONTENDER MATRIX.npz NEIGHBOURS TOP_K

Prints one JSON line: seconds of fit and ranking, peak memory, memory after loading the matrix.
"""

import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix

SAMPLE = 2000
"""Users that scikit-learn ranks for; its time is that of all users by proportion."""


def implicit_cosine(matrix: csr_matrix, neighbours: int, top_k: int) -> dict[str, float]:
    from implicit.nearest_neighbours import CosineRecommender

    start = clock()
    model = CosineRecommender(K=neighbours)
    model.fit(matrix, show_progress=False)
    fitted = clock()
    # In batches, as its memory would otherwise be that of all lists at once.
    for low in range(0, matrix.shape[0], 10_000):
        users = np.arange(low, min(low + 10_000, matrix.shape[0]))
        model.recommend(users, matrix[users], N=top_k)
    return spent(start, fitted)


def sparse_dot_topn(matrix: csr_matrix, neighbours: int, top_k: int) -> dict[str, float]:
    from sparse_dot_topn import sp_matmul_topn

    start = clock()
    norm = np.sqrt(np.bincount(matrix.indices, minlength=matrix.shape[1]))
    unit = matrix.copy()
    unit.data = (1 / norm[matrix.indices]).astype(np.float32)
    near = sp_matmul_topn(unit.T.tocsr(), unit, top_n=neighbours, n_threads=2)
    fitted = clock()
    turned = near.T.tocsr()
    for low in range(0, matrix.shape[0], 10_000):
        sp_matmul_topn(matrix[low : low + 10_000], turned, top_n=top_k, sort=True, n_threads=2)
    return spent(start, fitted)


def scikit_learn(matrix: csr_matrix, neighbours: int, top_k: int) -> dict[str, float]:
    from sklearn.neighbors import NearestNeighbors

    start = clock()
    model = NearestNeighbors(n_neighbors=neighbours, metric="cosine", algorithm="brute", n_jobs=2)
    model.fit(matrix)
    fitted = clock()
    sample = np.random.default_rng(0).choice(matrix.shape[0], SAMPLE, replace=False)
    for low in range(0, SAMPLE, 200):
        users = sample[low : low + 200]
        far, people = model.kneighbors(matrix[users])
        starts = np.arange(0, people.size + 1, people.shape[1])
        votes = csr_matrix((1 - far.ravel(), people.ravel(), starts), (200, matrix.shape[0]))
        scores = (votes @ matrix).toarray()
        scores[matrix[users].toarray() > 0] = -1
        best = np.argpartition(-scores, top_k, axis=1)[:, :top_k]
        np.take_along_axis(scores, best, axis=1).argsort(axis=1)
    return spent(start, fitted, matrix.shape[0] / SAMPLE)


CONTENDERS = {
    "implicit cosine": implicit_cosine,
    "sparse_dot_topn (sees seen posts)": sparse_dot_topn,
    "scikit-learn user-KNN (by proportion)": scikit_learn,
}


def main() -> None:
    """Run one contender."""
    warnings.filterwarnings("ignore")
    name, path, neighbours, top_k = sys.argv[1:]
    with np.load(path) as held:
        shape = tuple(held["shape"])
        ones = np.ones(len(held["indices"]), np.float32)
        matrix = csr_matrix((ones, held["indices"], held["indptr"]), shape)
    loaded = peak()
    found = CONTENDERS[name](matrix, int(neighbours), int(top_k))
    print(json.dumps({**found, "peak_mb": peak(), "loaded_mb": loaded}))


def clock() -> np.ndarray:
    """Seconds of the wall's clock and of the process's work on all cores."""
    return np.array([time.perf_counter(), time.process_time()])


def spent(start: np.ndarray, fitted: np.ndarray, scale: float = 1.0) -> dict[str, float]:
    """Seconds to fit and to rank; cpu: work on all cores, which other processes disturb less."""
    fit, rank = fitted - start, (clock() - fitted) * scale
    return {"fit": float(fit[0]), "rank": float(rank[0]), "cpu": float(fit[1] + rank[1])}


def peak() -> float:
    """Peak resident memory of this process so far, in MB."""
    # Not getrusage: on Linux its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


if __name__ == "__main__":
    main()
