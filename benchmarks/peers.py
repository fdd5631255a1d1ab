"""Peer recommenders behind one function; runs in an environment of its own.

RecTools needs numpy 1 and LensKit needs torch, so the peers live in a second environment
(``benchmarks/peers.in``) and this script imports nothing of the project:

    PEERS_PYTHON benchmarks/peers.py JOBS.json

JOBS.json is a list of {"train": X.npz, "model": name, "params": {...}, "out": Y.npz}. X holds a
binary CSR matrix of users x posts (indptr, indices, shape), the rows of the users to serve and
top_k; Y gets ``posts`` (n, top_k) int32, best first, -1 where the list ends, and ``seconds``.
"""

import json
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags

GRID: dict[str, list[dict[str, Any]]] = {
    "implicit cosine": [{"K": k} for k in (20, 50, 100, 200, 500)],
    "implicit TF-IDF": [{"K": k} for k in (20, 50, 100, 200, 500)],
    "implicit BM25": [
        {"K": k, "K1": k1, "B": b} for k in (50, 200, 500) for k1 in (0.5, 1.2) for b in (0.2, 0.75)
    ],
    "implicit ALS": [
        {"factors": f, "regularization": r, "alpha": a}
        for f in (32, 128)
        for r in (0.01, 0.1)
        for a in (1, 10)
    ],
    "LensKit user-KNN": [{"max_nbrs": k} for k in (20, 50, 100, 200)],
    "LensKit item-KNN": [{"max_nbrs": k} for k in (20, 50, 100, 200)],
    "LensKit EASE": [{"regularization": r} for r in (1, 10, 50, 200, 1000)],
    "LensKit SLIM": [{"l1_reg": a, "l2_reg": b} for a in (0.1, 1) for b in (1, 10)],
    "RecTools item-KNN": [{"K": k} for k in (50, 200, 500)],
    "RecTools EASE": [{"regularization": r} for r in (10, 50, 200, 1000)],
    "RP3beta (reference)": [
        {"alpha": a, "beta": b} for a in (0.6, 1.0, 1.4) for b in (0.0, 0.3, 0.6)
    ],
}
"""What each peer may choose from, on the same validation split as ours."""


def peers_python() -> str | None:
    """Python of the peers' environment where ``make bench`` made one, else None: no peers."""
    python = Path(__file__).parent.parent / ".state/peers/bin/python"
    return str(python) if python.exists() else None


def recommend(
    model: str, params: dict[str, Any], train: csr_matrix, users: np.ndarray, top_k: int
) -> np.ndarray:
    """(n_users, top_k) int32 of posts that the user has not seen, best first, -1 at the end."""
    library = model.split()[0]
    if library == "implicit":
        return _implicit(model, params, train, users, top_k)
    if library == "LensKit":
        return _lenskit(model, params, train, users, top_k)
    if library == "RecTools":
        return _rectools(model, params, train, users, top_k)
    return _rp3beta(params, train, users, top_k)


def _implicit(
    model: str, params: dict[str, Any], train: csr_matrix, users: np.ndarray, top_k: int
) -> np.ndarray:
    from implicit.als import AlternatingLeastSquares
    from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, TFIDFRecommender

    kinds = {
        "implicit cosine": CosineRecommender,
        "implicit TF-IDF": TFIDFRecommender,
        "implicit BM25": BM25Recommender,
        "implicit ALS": AlternatingLeastSquares,
    }
    extra = {"random_state": 0, "iterations": 15} if model == "implicit ALS" else {}
    recommender = kinds[model](**params, **extra)
    recommender.fit(train.astype(np.float32), show_progress=False)
    # The matrix products of the KNN models need double precision.
    kind = np.float32 if model == "implicit ALS" else np.float64
    posts, scores = recommender.recommend(users, train[users].astype(kind), N=top_k)
    return _padded(posts, scores > (-1e30 if model == "implicit ALS" else 0), top_k)


def _lenskit(
    model: str, params: dict[str, Any], train: csr_matrix, users: np.ndarray, top_k: int
) -> np.ndarray:
    import pandas as pd
    from lenskit import topn_pipeline
    from lenskit.batch import recommend as batch_recommend
    from lenskit.data import from_interactions_df
    from lenskit.knn import EASEScorer, ItemKNNScorer, SLIMScorer, UserKNNScorer

    kinds = {
        "LensKit user-KNN": (UserKNNScorer, {"feedback": "implicit"}),
        "LensKit item-KNN": (ItemKNNScorer, {"feedback": "implicit"}),
        "LensKit EASE": (EASEScorer, {}),
        "LensKit SLIM": (SLIMScorer, {}),
    }
    kind, extra = kinds[model]
    row, column = train.nonzero()
    data = from_interactions_df(pd.DataFrame({"user_id": row, "item_id": column}))
    pipeline = topn_pipeline(kind(**params, **extra), n=top_k)
    pipeline.train(data)
    lists = batch_recommend(pipeline, users.tolist(), n=top_k, n_jobs=1)
    posts = np.full((len(users), top_k), -1, np.int32)
    place = {int(user): i for i, user in enumerate(users)}
    for key, items in lists.items():
        found = np.asarray(items.ids())
        posts[place[int(key.user_id)], : len(found)] = found
    return posts


def _rectools(
    model: str, params: dict[str, Any], train: csr_matrix, users: np.ndarray, top_k: int
) -> np.ndarray:
    import pandas as pd
    from implicit.nearest_neighbours import TFIDFRecommender
    from rectools.dataset import Dataset
    from rectools.models import EASEModel, ImplicitItemKNNWrapperModel

    row, column = train.nonzero()
    frame = pd.DataFrame({"user_id": row, "item_id": column, "weight": 1, "datetime": "2020-01-01"})
    dataset = Dataset.construct(frame)
    if model == "RecTools EASE":
        recommender = EASEModel(**params)
    else:
        recommender = ImplicitItemKNNWrapperModel(TFIDFRecommender(**params))
    recommender.fit(dataset)
    lists = recommender.recommend(users, dataset, k=top_k, filter_viewed=True)
    posts = np.full((len(users), top_k), -1, np.int32)
    place = np.full(train.shape[0], -1)
    place[users] = np.arange(len(users))
    posts[place[lists["user_id"].to_numpy()], lists["rank"].to_numpy() - 1] = lists["item_id"]
    return posts


def _rp3beta(
    params: dict[str, Any], train: csr_matrix, users: np.ndarray, top_k: int
) -> np.ndarray:
    """Three-step random walk, popularity to the power -beta (Paudel et al. 2017)."""
    train = train.astype(np.float64)
    per_user = np.maximum(train.sum(axis=1).A1, 1)
    per_post = np.maximum(train.sum(axis=0).A1, 1)
    user_to_post = diags(1 / per_user) @ train
    post_to_user = diags(1 / per_post) @ train.T
    for step in (user_to_post, post_to_user):
        step.data **= params["alpha"]
    walk = (post_to_user @ user_to_post @ diags(per_post ** -params["beta"])).tocsr()
    posts = np.full((len(users), top_k), -1, np.int32)
    for start in range(0, len(users), 1000):
        some = users[start : start + 1000]
        scores = (user_to_post[some] @ walk).toarray()
        scores[train[some].toarray() > 0] = 0
        best = np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
        kept = np.take_along_axis(scores, best, axis=1) > 0
        posts[start : start + 1000] = _padded(best, kept, top_k)
    return posts


def _padded(posts: np.ndarray, kept: np.ndarray, top_k: int) -> np.ndarray:
    result = np.full((len(posts), top_k), -1, np.int32)
    result[:, : posts.shape[1]] = np.where(kept, posts, -1)
    return result


def main(path: str) -> None:
    """Do every job of the file; one line of progress each."""
    warnings.filterwarnings("ignore")
    for job in json.loads(Path(path).read_text()):
        held = np.load(job["train"])
        shape = tuple(held["shape"])
        ones = np.ones(len(held["indices"]), np.float32)
        train = csr_matrix((ones, held["indices"], held["indptr"]), shape)
        start = time.perf_counter()
        posts = recommend(job["model"], job["params"], train, held["users"], int(held["top_k"]))
        seconds = time.perf_counter() - start
        np.savez(job["out"], posts=posts, seconds=seconds)
        print(f"{job['model']} {job['params']} {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
