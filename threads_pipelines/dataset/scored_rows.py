"""What the recommender hands on: ranked rows with the reason for each."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

REASONS = ("similar_people", "similar_post", "trending", "fresh_topic", "similar_taste")
"""Why a post is there; ``ScoredRows.reason`` holds positions in this tuple."""

SIMILAR_PEOPLE, SIMILAR_POST, TRENDING, FRESH_TOPIC, SIMILAR_TASTE = range(len(REASONS))


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Recommendations, sorted by (user, rank); no pair occurs twice.

    user: (n,) int32, row in ``Users``.
    post: (n,) int32, row in ``Posts``.
    score: (n,) float64 in [0, 1], strictly decreasing with the rank, so ``ORDER BY score DESC``
        gives back the ranking.
    rank: (n,) int16, from 1.
    reason: (n,) int8, position in ``REASONS``.
    evidence: (n,) int32. similar_post and fresh_topic: the row in ``Posts`` of the post in the
        user's history that explains it. similar_people: how many neighbours acted on the post.
        trending: how many people acted on it recently. similar_taste: 0.
    """

    user: NDArray[np.int32]
    post: NDArray[np.int32]
    score: NDArray[np.float64]
    rank: NDArray[np.int16]
    reason: NDArray[np.int8]
    evidence: NDArray[np.int32]

    def __len__(self) -> int:
        """Count of rows."""
        return len(self.user)

    @classmethod
    def concatenate(cls, parts: Sequence["ScoredRows"]) -> "ScoredRows":
        """Join chunks in the order given; at least one."""
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def ranked_rows(
    rows: NDArray[np.int64],
    post: NDArray[np.int32],
    score: NDArray[np.float32],
    reason: NDArray[np.int8],
    evidence: NDArray[np.int32],
    count: NDArray[np.int32],
) -> ScoredRows:
    """Flatten (n, top_k) arrays, ``count`` (n,) of which are used in each row.

    Scores become relative to the user's best and strictly decreasing.
    """
    used = np.arange(post.shape[1]) < count[:, None]
    best = score.max(axis=1, initial=np.finfo(np.float32).tiny, keepdims=True)
    relative = score.astype(np.float64) / best
    # A post that was given a place above its score shares that of the next: still a descent.
    relative = np.maximum.accumulate(relative[:, ::-1], axis=1)[:, ::-1]
    for k in range(1, post.shape[1]):
        ceiling = relative[:, k - 1] * (1 - 1e-9)
        np.minimum(relative[:, k], ceiling, out=relative[:, k])
    ranks = np.broadcast_to(np.arange(1, post.shape[1] + 1, dtype=np.int16), post.shape)
    return ScoredRows(
        user=np.repeat(rows, count).astype(np.int32),
        post=post[used],
        score=relative[used],
        rank=ranks[used],
        reason=reason[used],
        evidence=evidence[used],
    )
