"""The evidence of a feed: the post in the history, or the number of similar people, behind each
row.
"""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled
from threads_pipelines.dataset.scored_rows import FRESH_TOPIC, SIMILAR_PEOPLE, SIMILAR_POST


@compiled
def _mark(feed: Any, reasons: Any, reason: int, slot: Any) -> bool:
    """Number from 1 the posts that are in a feed for this reason; return whether there are any."""
    some = False
    for s in range(len(feed)):
        slot[feed[s]] = s + 1 if reasons[s] == reason else 0
        some |= reasons[s] == reason
    return some


@compiled
def _marked(items: Any, slot: Any, hits: Any) -> int:
    """Write the positions of the marked items and return how many; written without branches for
    speed.
    """
    n = 0
    for m in range(len(items)):
        hits[n] = m
        n += slot[np.uint32(items[m])] != 0
    return n


@compiled
def _best_source(
    rows: Any, weights: Any, lists: Any, slot: Any, best: Any, hits: Any, evidence: Any
) -> None:
    """Find, for each marked post, the post of the history that contributes most to its score."""
    best[:] = 0
    for k in range(len(rows)):
        begin, end = lists.start[rows[k]], lists.start[rows[k] + 1]
        items, values = lists.item[begin:end], lists.value[begin:end]
        for hit in hits[: _marked(items, slot, hits)]:
            s = slot[items[hit]] - 1
            if weights[k] * values[hit] > best[s]:
                best[s] = weights[k] * values[hit]
                evidence[s] = rows[k]


@compiled
def _count_votes(rows: Any, lists: Any, slot: Any, hits: Any, evidence: Any) -> None:
    """Count, for each marked post, how many of these rows hold it."""
    for row in rows:
        items = lists.item[lists.start[row] : lists.start[row + 1]]
        for hit in hits[: _marked(items, slot, hits)]:
            evidence[slot[items[hit]] - 1] += 1


@compiled
def name_evidence(
    feed: Any,
    reasons: Any,
    liked: Any,
    worth: Any,
    near: Any,
    text: Any,
    similar: Any,
    pool: Any,
    slot: Any,
    best: Any,
    hits: Any,
    evidence: Any,
) -> None:
    """Write the evidence of the posts that are in a feed because of a similarity.

    Args:
        feed: (n,) posts of the feed.
        reasons: (n,) int8, reason of each post.
        liked: (h,) posts of the user's history.
        worth: (h,) float32, weight of each post of the history.
        near: ``SparseRows``, similar posts.
        text: ``SparseRows``, posts with similar text.
        similar: (m,) positions of the similar people in ``pool``.
        pool: ``SparseRows``, votes of the searched people.
        slot: (n_posts,) int16 of zeros; scratch memory that is zeros again afterwards.
        best: (at least n,) float32 scratch memory.
        hits: (n_posts,) int32 scratch memory.
        evidence: (n,) int32; receives a post, or a number of people.
    """
    if _mark(feed, reasons, SIMILAR_PEOPLE, slot):
        _count_votes(similar, pool, slot, hits, evidence)
    if _mark(feed, reasons, SIMILAR_POST, slot):
        _best_source(liked, worth, near, slot, best, hits, evidence)
    if _mark(feed, reasons, FRESH_TOPIC, slot):
        _best_source(liked, worth, text, slot, best, hits, evidence)
    slot[feed] = 0
