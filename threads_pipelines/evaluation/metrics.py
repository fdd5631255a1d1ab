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
- Popularity bias@10 = mean of -log2 p over the user's history minus Novelty@10, in bits; above 0
  the list is more popular than what the user chose.
- Coverage@10 = distinct posts in all first tens over the number of candidates (one number for all).

Means go over the users with something to find (``users``); one without a list scores 0, and has no
novelty or fresh share. A cold user has no popularity bias. Intervals are percentiles of a bootstrap
over users.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Mask, Snapshot
from threads_pipelines.evaluation.bootstrap import Floats
from threads_pipelines.evaluation.pair_keys import event_keys, pair_keys

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

CUTOFFS = (5, 10, 20)


def per_user(
    rows: ScoredRows,
    relevant: "csr_matrix",
    users: NDArray[np.int32],
    cutoffs: tuple[int, ...] = CUTOFFS,
) -> dict[str, Floats]:
    """Compute the accuracy of each user's list.

    Args:
        rows: Ranked rows of all models' users.
        relevant: (n_users, n_posts) CSR of bool, the test pairs.
        users: (n,) int32 rows of the users to score, ascending, each with at least one relevant
            post.
        cutoffs: List lengths k of the metrics.

    Returns:
        (n,) float64 vectors by name: ``precision@5``, ..., ``ndcg@20`` and ``mrr``, in [0, 1].
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
    """Compute the novelty and the share of fresh posts of each user's list.

    Args:
        rows: Ranked rows.
        information: (n_posts,) float64, from ``self_information``.
        recent: (n_posts,) bool, posts that are fresh.
        users: (n,) int32 rows of the users to score, ascending.
        k: List length.

    Returns:
        (n,) float64 vectors ``novelty@k`` (bits) and ``fresh_share@k`` (in [0, 1]); NaN for a user
        without a list.
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
    """Divide the number of distinct posts in the users' first ``k`` places by the number of
    candidates.

    Args:
        rows: Ranked rows.
        train: The training data, with the candidates.
        users: (n,) int32 rows of the users to score.
        k: List length.

    Returns:
        The share, in [0, 1]; 0 without candidates.
    """
    candidates = int(train.posts.candidate.sum())
    shown = np.unique(rows.post[(rows.rank <= k) & np.isin(rows.user, users)])
    return float(train.posts.candidate[shown].sum() / candidates) if candidates else 0.0


def self_information(train: Snapshot) -> Floats:
    """Compute -log2 of the share of users who know each post, with 1 added to both counts.

    Args:
        train: The training data.

    Returns:
        (n_posts,) float64, in bits.
    """
    events = train.interactions
    n_posts = len(train.posts.ids)
    pairs = event_keys(events, n_posts)
    readers = np.bincount(pairs % n_posts, minlength=n_posts) if n_posts else np.zeros(0)
    everyone = len(np.unique(events.user))
    result: Floats = -np.log2((readers + 1) / (everyone + 1))
    return result


def history_information(train: Snapshot, information: Floats) -> Floats:
    """Average the self-information of the posts in each user's history.

    Args:
        train: The training data.
        information: (n_posts,) float64, from ``self_information``.

    Returns:
        (n_users,) float64, in bits; NaN for a cold user.
    """
    n_users, n_posts = len(train.users.ids), len(train.posts.ids)
    keys = event_keys(train.interactions, n_posts)
    user, post = np.divmod(keys, max(n_posts, 1))
    with np.errstate(invalid="ignore"):  # 0/0: no history
        mean: Floats = np.bincount(user, information[post], n_users) / np.bincount(
            user, minlength=n_users
        )
    return mean


def _hits(
    rows: ScoredRows, relevant: "csr_matrix", users: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the place in ``users`` and the rank of each row whose post is relevant."""
    keys = rows.user.astype(np.int64) * relevant.shape[1] + rows.post
    found = np.isin(keys, pair_keys(relevant)) & np.isin(rows.user, users)
    place = np.searchsorted(users, rows.user[found])
    return place.astype(np.int64), rows.rank[found].astype(np.int64)
