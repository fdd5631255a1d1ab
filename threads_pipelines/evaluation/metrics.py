"""How good a ranking is: per-user vectors, their means and 95% confidence intervals.

With R the set of relevant posts of a user (at least one), h_r = 1 where the post at rank r is in R:

- Precision@k = Σ_{r≤k} h_r / k; a list shorter than k is not excused.
- Recall@k = Σ_{r≤k} h_r / |R|.
- Hit rate@k = 1 where any h_r, r ≤ k.
- NDCG@k = Σ_{r≤k} h_r / log2(r + 1), over the same sum for a list that begins with min(k, |R|)
  relevant posts (Järvelin and Kekäläinen 2002, with binary gains).
- MRR = 1 / rank of the first relevant post in the whole list, 0 without one (Voorhees 1999).
- Novelty@10 = mean of -log2 p over the user's first ten, p the share of training users who know the
  post, with one added to both counts (mean self-information; Zhou et al. 2010).
- Fresh share@10 = share of the user's first ten that were posted in the day before the cut.
- Coverage@10 = distinct posts in all first tens over the number of candidates (one number for all).

Means go over the users with something to find (``users``); one without a list scores 0, and has no
novelty or fresh share. Intervals are percentiles of a bootstrap over users.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Mask, Snapshot
from threads_pipelines.evaluation.split import event_keys, pair_keys

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CUTOFFS = (5, 10, 20)
BOOTSTRAP = 1000
Floats = NDArray[np.float64]
Name = TypeVar("Name", bound=Hashable)
_CHUNK = 4_000_000
"""Resampled users held at a time: bounds the bootstrap's memory, whatever the number of users."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95% confidence interval; ``users`` is how many it is the mean of."""

    mean: float
    low: float
    high: float
    users: int


def per_user(
    rows: ScoredRows,
    relevant: "csr_matrix",
    users: NDArray[np.int32],
    cutoffs: tuple[int, ...] = CUTOFFS,
) -> dict[str, Floats]:
    """Accuracy of each user's list.

    relevant: (n_users, n_posts) CSR of bool. users: (n,) rows, ascending, each with a post in it.
    Returns vectors of shape (n,) by name: ``precision@5``, ..., ``ndcg@20``, ``mrr``.
    """
    place, rank = _hits(rows, relevant, users)
    n = len(users)
    size = np.diff(relevant.indptr)[users]
    result: dict[str, Floats] = {}
    for k in cutoffs:
        at_k = rank <= k
        hits = np.bincount(place[at_k], minlength=n).astype(np.float64)
        gain = np.bincount(place[at_k], weights=1 / np.log2(rank[at_k] + 1.0), minlength=n)
        ideal = np.r_[0.0, np.cumsum(1 / np.log2(np.arange(2, k + 2)))]
        result[f"precision@{k}"] = hits / k
        result[f"recall@{k}"] = hits / size
        result[f"hit_rate@{k}"] = (hits > 0).astype(np.float64)
        result[f"ndcg@{k}"] = gain / ideal[np.minimum(size, k)]
    reciprocal = np.zeros(n)
    np.maximum.at(reciprocal, place, 1.0 / rank)
    result["mrr"] = reciprocal
    return result


def beyond_accuracy(
    rows: ScoredRows, information: Floats, recent: Mask, users: NDArray[np.int32], k: int = 10
) -> dict[str, Floats]:
    """``novelty@k`` and ``fresh_share@k`` of each user's list, shape (n,); NaN without a list.

    information: (n_posts,) as ``self_information`` gives it.
    """
    at_k = (rows.rank <= k) & np.isin(rows.user, users)
    place = np.searchsorted(users, rows.user[at_k])
    post = rows.post[at_k]
    count = np.bincount(place, minlength=len(users)).astype(np.float64)
    with np.errstate(invalid="ignore"):  # 0/0: a user without a list has neither
        return {
            f"novelty@{k}": np.bincount(place, information[post], len(users)) / count,
            f"fresh_share@{k}": np.bincount(place, recent[post], len(users)) / count,
        }


def coverage(rows: ScoredRows, train: Snapshot, users: NDArray[np.int32], k: int = 10) -> float:
    """Distinct posts in the first ``k`` of the users' lists over all candidates; in [0, 1]."""
    candidates = int(train.posts.candidate.sum())
    shown = np.unique(rows.post[(rows.rank <= k) & np.isin(rows.user, users)])
    return float(train.posts.candidate[shown].sum() / candidates) if candidates else 0.0


def self_information(train: Snapshot) -> Floats:
    """(n_posts,) -log2 of the share of users who know the post, 1 added to both counts; in bits."""
    events = train.interactions
    n_posts = len(train.posts.ids)
    pairs = event_keys(events, n_posts)
    readers = np.bincount(pairs % n_posts, minlength=n_posts) if n_posts else np.zeros(0)
    everyone = len(np.unique(events.user))
    result: Floats = -np.log2((readers + 1) / (everyone + 1))
    return result


def estimate(
    vectors: Mapping[Name, Floats], rng: np.random.Generator, samples: int = BOOTSTRAP
) -> dict[Name, Estimate]:
    """Mean and 95% percentile bootstrap interval of each vector, all on the same resamples.

    NaN entries are left out of their own mean. An empty vector gives NaN for all three numbers.
    """
    if not vectors or not len(next(iter(vectors.values()))):
        return {name: Estimate(np.nan, np.nan, np.nan, 0) for name in vectors}
    table = np.column_stack(list(vectors.values()))
    valid = ~np.isnan(table)
    filled = np.where(valid, table, 0.0)
    means = np.full((samples, table.shape[1]), np.nan)
    for start, weights in resamples(len(table), samples, rng):
        with np.errstate(invalid="ignore"):
            means[start : start + len(weights)] = (weights @ filled) / (weights @ valid)
    result = {}
    for column, name in enumerate(vectors):
        users = int(valid[:, column].sum())
        if not users:
            result[name] = Estimate(np.nan, np.nan, np.nan, 0)
            continue
        low, high = np.nanpercentile(means[:, column], (2.5, 97.5))
        mean = filled[:, column].sum() / users
        result[name] = Estimate(float(mean), float(low), float(high), users)
    return result


def resamples(n: int, samples: int, rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    """Bootstrap over ``n`` users in chunks: (first sample, how often each is drawn, (chunk, n))."""
    chunk = max(1, _CHUNK // max(n, 1))
    for start in range(0, samples, chunk):
        size = min(chunk, samples - start)
        drawn = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        yield start, counts.astype(np.float64)


def _hits(
    rows: ScoredRows, relevant: "csr_matrix", users: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Position in ``users`` and rank of every row whose post is relevant to its user."""
    keys = rows.user.astype(np.int64) * relevant.shape[1] + rows.post
    found = np.isin(keys, pair_keys(relevant)) & np.isin(rows.user, users)
    place = np.searchsorted(users, rows.user[found])
    return place.astype(np.int64), rows.rank[found].astype(np.int64)
