"""The two inner loops of the recommender, compiled once and run on blocks of rows in threads.

Each row is worked on by one thread, in an order that depends on the data alone, so results are the
same for any count of threads and any size of block. Scratch is a few accumulators a thread.
"""

from typing import Any

import numpy as np
from numba import njit

from threads_pipelines.recommender.selection import (
    arrange,
    best_first,
    keep_largest,
    largest,
    offer,
)

_LEAST_SCORE = 1e-30
"""Below it a part has faded to nothing, and what would scale it up would overflow."""
_CAP_DEPTH = 4
"""Times ``top_k`` posts that are looked through where the posts of an author are capped."""


@njit(cache=True, nogil=True)
def nearest_rows(
    rows: Any,
    a_start: Any,
    a_item: Any,
    a_value: Any,
    b_start: Any,
    b_item: Any,
    b_value: Any,
    through_scale: Any,
    scale: Any,
    own: Any,
    neighbour: Any,
    similarity: Any,
    found: Any,
) -> None:
    """Find the largest entries of rows of A·diag(through_scale)·B·diag(scale).

    rows: (n,) int64. An empty ``a_value`` or ``b_value`` means that the matrix is binary.
    own: (n,) the column that is a row's own and left out, -1 where
    there is none. Writes neighbour (n, most) int32, similarity (n, most) float32
    and found (n,) int32, how many of them are there.
    """
    n_columns = len(scale)
    total = np.zeros(n_columns, np.float32)
    touched = np.empty(n_columns + 1, np.int32)
    a_binary, b_binary = len(a_value) == 0, len(b_value) == 0
    for r in range(len(rows)):
        row = rows[r]
        begin_row = a_start[row]
        end_row = a_start[row + 1]
        work = 0
        for k in range(begin_row, end_row):
            work += b_start[a_item[k] + 1] - b_start[a_item[k]]
        dense = 8 * work > n_columns  # one look at a column costs less than a heap
        n_touched = 0
        for k in range(begin_row, end_row):
            through = a_item[k]
            value = through_scale[through]
            if not a_binary:
                value *= a_value[k]
            begin, end = b_start[through], b_start[through + 1]
            if not b_binary:
                for m in range(begin, end):
                    j = b_item[m]
                    touched[n_touched] = j
                    n_touched += total[j] == 0
                    total[j] += value * b_value[m]
            elif dense:
                for m in range(begin, end):
                    total[b_item[m]] += value
            else:
                for m in range(begin, end):
                    j = b_item[m]
                    touched[n_touched] = j
                    n_touched += total[j] == 0
                    total[j] += value
        if own[r] >= 0:
            total[own[r]] = 0
        if dense and b_binary:
            total *= scale
            found[r] = keep_largest(total, similarity[r], neighbour[r])
            total[:] = 0
        else:
            size = 0
            for k in range(n_touched):
                j = touched[k]
                value = total[j] * scale[j]
                total[j] = 0
                if value > 0:
                    size = offer(value, j, similarity[r], neighbour[r], size)
            found[r] = size


@njit(cache=True, nogil=True)
def _add(total: Any, item: Any, value: Any, begin: int, end: int, weight: Any) -> None:
    """total[item] += weight · value over a range of entries."""
    for k in range(begin, end):
        total[np.uint32(item[k])] += weight * value[k]  # unsigned: no test for places from the end


@njit(cache=True, nogil=True)
def _scale_without(total: Any, forbidden: Any, share: float) -> Any:
    """Clear what may not be recommended; returns what scales the largest rest to ``share``."""
    for j in forbidden:
        total[j] = 0
    most = largest(total)
    return np.float32(share / most) if most > _LEAST_SCORE else np.float32(0)


@njit(cache=True, nogil=True)
def _best_source(
    start: Any, item: Any, value: Any, history: Any, worth: Any, slot: Any, evidence: Any, best: Any
) -> None:
    """For each selected post, the post of the history that adds most to it."""
    best[:] = 0
    for h in range(len(history)):
        source = history[h]
        for k in range(start[source], start[source + 1]):
            s = slot[item[k]]
            if s and worth[h] * value[k] > best[s - 1]:
                best[s - 1] = worth[h] * value[k]
                evidence[s - 1] = source


@njit(cache=True, nogil=True)
def rank_posts(
    rows: Any,
    user_start: Any,
    user_post: Any,
    profile: Any,
    pool_start: Any,
    pool_post: Any,
    pool_vote: Any,
    neighbour: Any,
    similarity: Any,
    found: Any,
    near_start: Any,
    near_post: Any,
    near_value: Any,
    text_start: Any,
    text_post: Any,
    text_value: Any,
    seen_start: Any,
    seen_post: Any,
    own_start: Any,
    own_post: Any,
    boost: Any,
    base: Any,
    lately: Any,
    author: Any,
    untouched: Any,
    author_cap: int,
    fresh_every: int,
    shares: Any,
    out_post: Any,
    out_score: Any,
    out_reason: Any,
    out_evidence: Any,
    out_count: Any,
) -> None:
    """Score every post for each user and write the best ones, best first, with their reason.

    shares: (3,) float32, weights of similar people, similar posts and text. boost: (n_posts,)
    float32, recent popularity to its power, 0 where a post may not be recommended; such posts are
    in none of the lists either. base: (n_posts,) float32, what a post has without any similarity.
    untouched: posts that nobody acted on, for the places that ``selection.arrange`` gives them.
    Writes out_* (n, top_k) and out_count (n,).
    """
    n_posts, top_k = len(boost), out_post.shape[1]
    depth = min(n_posts, _CAP_DEPTH * top_k) if author_cap > 0 else top_k
    deep_post, deep_score = np.empty(depth, np.int32), np.zeros(depth, np.float32)
    n_fresh = min(len(untouched), top_k // fresh_every) if fresh_every > 0 else 0
    fresh_post, fresh_score = np.empty(n_fresh, np.int32), np.zeros(n_fresh, np.float32)
    people = np.zeros(n_posts, np.float32)
    posts = np.zeros(n_posts, np.float32)
    texts = np.zeros(n_posts, np.float32)
    final = np.zeros(n_posts, np.float32)
    slot = np.zeros(n_posts, np.int16)
    votes = np.zeros(top_k, np.int32)
    best = np.zeros(top_k, np.float32)
    near_evidence = np.zeros(top_k, np.int32)
    text_evidence = np.zeros(top_k, np.int32)
    has_near, has_text, has_people = len(near_post) > 0, len(text_post) > 0, neighbour.shape[1] > 0
    people_scale = posts_scale = texts_scale = np.float32(0)
    for r in range(len(rows)):
        user = rows[r]
        begin, end = user_start[user], user_start[user + 1]
        history, worth = user_post[begin:end], profile[begin:end]
        forbidden = np.concatenate(
            (
                history,
                seen_post[seen_start[user] : seen_start[user + 1]],
                own_post[own_start[user] : own_start[user + 1]],
            )
        )
        if has_people:
            people[:] = 0
            for k in range(found[r]):
                first, last = pool_start[neighbour[r, k]], pool_start[neighbour[r, k] + 1]
                _add(people, pool_post, pool_vote, first, last, similarity[r, k])
            people_scale = _scale_without(people, forbidden, shares[0])
        if has_near:
            posts[:] = 0
            for h in range(len(history)):
                first, last = near_start[history[h]], near_start[history[h] + 1]
                _add(posts, near_post, near_value, first, last, worth[h])
            posts_scale = _scale_without(posts, forbidden, shares[1])
        if has_text:
            texts[:] = 0
            for h in range(len(history)):
                first, last = text_start[history[h]], text_start[history[h] + 1]
                _add(texts, text_post, text_value, first, last, worth[h])
            texts_scale = _scale_without(texts, forbidden, shares[2])
        for j in range(n_posts):
            similar = people[j] * people_scale + posts[j] * posts_scale + texts[j] * texts_scale
            final[j] = (max(similar, np.float32(0)) + base[j]) * boost[j]
        for j in forbidden:
            final[j] = 0
        size = best_first(final, deep_score, deep_post)
        if n_fresh > 0 or author_cap > 0:
            chosen = best_first(final[untouched], fresh_score, fresh_post) if n_fresh > 0 else 0
            size = arrange(
                deep_post[:size], untouched[fresh_post[:chosen]], author, author_cap, fresh_every,
                out_post[r],
            )  # fmt: skip
        else:
            out_post[r, :size] = deep_post[:size]
        for s in range(size):
            out_score[r, s] = final[out_post[r, s]]
        out_count[r] = size

        votes[:] = 0
        for s in range(size):
            slot[out_post[r, s]] = s + 1
        for k in range(found[r]):
            for m in range(pool_start[neighbour[r, k]], pool_start[neighbour[r, k] + 1]):
                s = slot[pool_post[m]]
                if s:
                    votes[s - 1] += 1
        if has_near:
            _best_source(
                near_start, near_post, near_value, history, worth, slot, near_evidence, best
            )
        if has_text:
            _best_source(
                text_start, text_post, text_value, history, worth, slot, text_evidence, best
            )
        for s in range(size):
            j = out_post[r, s]
            slot[j] = 0
            by_people, by_post = people[j] * people_scale, posts[j] * posts_scale
            by_text = texts[j] * texts_scale
            most = max(by_people, by_post, by_text)
            if most <= 0 or most < base[j]:
                out_reason[r, s], out_evidence[r, s] = 2, lately[j]
            elif most == by_people:
                out_reason[r, s], out_evidence[r, s] = 0, votes[s]
            elif most == by_post:
                out_reason[r, s], out_evidence[r, s] = 1, near_evidence[s]
            else:
                out_reason[r, s], out_evidence[r, s] = 3, text_evidence[s]
