"""Ranked rows with a score and a reason: the output of the recommender."""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

REASONS = ("similar_people", "similar_post", "trending", "fresh_topic", "similar_taste")
"""Why a post is there; ``ScoredRows.reason`` holds positions in this tuple."""

SIMILAR_PEOPLE, SIMILAR_POST, TRENDING, FRESH_TOPIC, SIMILAR_TASTE = range(len(REASONS))


@dataclass(frozen=True, slots=True)
class ScoredRows:
    """Recommendations, sorted by (user, rank); each (user, post) pair is unique.

    Attributes:
        user: (n,) int32, row in ``Users``.
        post: (n,) int32, row in ``Posts``.
        score: (n,) float64 in [0, 1], strictly decreasing with the rank, so that ``ORDER BY score
            DESC`` returns the ranking.
        rank: (n,) int16, from 1.
        reason: (n,) int8, position in ``REASONS``.
        evidence: (n,) int32. For similar_post and fresh_topic: the row in ``Posts`` of the post in
            the user's history that explains the recommendation. For similar_people: the number of
            neighbours who acted on the post. For trending: the number of people who acted on it
            recently. For similar_taste: 0.
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
        """Join chunks in the given order.

        Args:
            parts: At least one chunk.

        Returns:
            All rows.
        """
        return cls(*(np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(cls)))


def ranked_rows(
    rows: NDArray[np.int64],
    post: NDArray[np.int32],
    score: NDArray[np.float32],
    reason: NDArray[np.int8],
    evidence: NDArray[np.int32],
    count: NDArray[np.int32],
) -> ScoredRows:
    """Flatten padded feeds into rows.

    Scores are divided by the user's best score and made strictly decreasing.

    Args:
        rows: (n,) int64, row in ``Users`` of each feed.
        post: (n, top_k) int32.
        score: (n, top_k) float32, at least 0.
        reason: (n, top_k) int8.
        evidence: (n, top_k) int32.
        count: (n,) int32, number of used places of each feed.

    Returns:
        The rows, in the order of ``rows``.
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
