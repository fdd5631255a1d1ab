"""The two inner loops of the recommender, compiled once and run on blocks of rows in threads.

Each row is worked on by one thread, in an order that depends on the data alone, so results are the
same for any count of threads and any size of block. Scratch is one accumulator a thread.
"""

from typing import Any

import numpy as np
from numba import njit


@njit(cache=True, nogil=True)
def _sift(heap_value: Any, heap_item: Any, size: int, k: int) -> None:
    """Restore a heap whose least value stands first, downwards from place k."""
    value, item = heap_value[k], heap_item[k]
    while True:
        child = 2 * k + 1
        if child >= size:
            break
        if child + 1 < size and heap_value[child + 1] < heap_value[child]:
            child += 1
        if heap_value[child] >= value:
            break
        heap_value[k], heap_item[k] = heap_value[child], heap_item[child]
        k = child
    heap_value[k], heap_item[k] = value, item


@njit(cache=True, nogil=True)
def _keep_largest(values: Any, items: Any, n_items: int, heap_value: Any, heap_item: Any) -> int:
    """Put the largest positive values of ``items`` into the heap; the earlier item wins a tie."""
    most, size = len(heap_value), 0
    for k in range(n_items):
        item = items[k]
        value = values[item]
        if size < most:
            if value > 0:
                heap_value[size], heap_item[size] = value, item
                size += 1
                if size == most:
                    for place in range(most // 2, -1, -1):
                        _sift(heap_value, heap_item, size, place)
        elif value > heap_value[0]:
            heap_value[0], heap_item[0] = value, item
            _sift(heap_value, heap_item, size, 0)
    return size


@njit(cache=True, nogil=True)
def nearest_rows(
    rows: Any,
    a_start: Any,
    a_item: Any,
    a_value: Any,
    b_start: Any,
    b_item: Any,
    b_value: Any,
    scale: Any,
    a_cap: int,
    b_cap: int,
    neighbour: Any,
    similarity: Any,
    found: Any,
) -> None:
    """Find the largest entries of rows of A·B·diag(scale), without the diagonal.

    rows: (n,) int64. A is read up to ``a_cap`` entries a row and B up to ``b_cap``; an empty
    ``b_value`` means that B is binary. Writes neighbour (n, most) int32, similarity (n, most)
    float32 and found (n,) int32, how many of them are there.
    """
    n_columns = len(scale)
    total = np.zeros(n_columns, np.float32)
    touched = np.empty(n_columns + 1, np.int32)
    weighted = len(b_value) > 0
    for r in range(len(rows)):
        row = rows[r]
        n_touched = 0
        for k in range(a_start[row], min(a_start[row + 1], a_start[row] + a_cap)):
            through, value = a_item[k], a_value[k]
            begin = b_start[through]
            end = min(b_start[through + 1], begin + b_cap)
            for m in range(begin, end):
                j = b_item[m]
                touched[n_touched] = j
                n_touched += total[j] == 0
                total[j] += value * b_value[m] if weighted else value
        for k in range(n_touched):
            total[touched[k]] *= scale[touched[k]]
        total[row] = 0
        found[r] = _keep_largest(total, touched, n_touched, similarity[r], neighbour[r])
        for k in range(n_touched):
            total[touched[k]] = 0


@njit(cache=True, nogil=True)
def _add(total: Any, item: Any, value: Any, begin: int, end: int, weight: float) -> None:
    """total[item] += weight · value over a range of entries."""
    for k in range(begin, end):
        total[item[k]] += weight * value[k]


@njit(cache=True, nogil=True)
def _scale_to_one(total: Any, boost: Any, share: float) -> None:
    """Scale so that the largest value of a post that may be recommended becomes ``share``."""
    most = np.float32(0)
    for j in range(len(total)):
        if boost[j] > 0:
            most = max(most, total[j])
    if most > 0:
        total *= np.float32(share / most)


@njit(cache=True, nogil=True)
def _best_source(
    start: Any, item: Any, value: Any, history: Any, worth: Any, slot: Any, evidence: Any, best: Any
) -> None:
    """For each selected post, the post of the history that adds most to it."""
    for h in range(len(history)):
        source = history[h]
        for k in range(start[source], start[source + 1]):
            s = slot[item[k]]
            if s >= 0 and worth[h] * value[k] > best[s]:
                best[s] = worth[h] * value[k]
                evidence[s] = source


@njit(cache=True, nogil=True)
def rank_posts(
    rows: Any,
    user_start: Any,
    user_post: Any,
    profile: Any,
    vote: Any,
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
    author: Any,
    boost: Any,
    base: Any,
    lately: Any,
    shares: Any,
    out_post: Any,
    out_score: Any,
    out_reason: Any,
    out_evidence: Any,
    out_count: Any,
) -> None:
    """Score every post for each user and write the best ones, best first, with their reason.

    shares: (3,) float32, weights of similar people, similar posts and text. boost: (n_posts,)
    float32, recent popularity to its power, 0 where a post may not be recommended. base:
    (n_posts,) float32, what a post has without any similarity. Writes out_* (n, top_k) and
    out_count (n,).
    """
    n_posts, top_k = len(boost), out_post.shape[1]
    people = np.zeros(n_posts, np.float32)
    posts = np.zeros(n_posts, np.float32)
    texts = np.zeros(n_posts, np.float32)
    final = np.zeros(n_posts, np.float32)
    allowed = np.empty(n_posts, np.float32)
    every = np.arange(n_posts).astype(np.int32)
    slot = np.full(n_posts, -1, np.int32)
    votes = np.zeros(top_k, np.int32)
    best = np.zeros(top_k, np.float32)
    text_best = np.zeros(top_k, np.float32)
    near_evidence = np.zeros(top_k, np.int32)
    text_evidence = np.zeros(top_k, np.int32)
    has_text = len(text_post) > 0
    for r in range(len(rows)):
        user = rows[r]
        begin, end = user_start[user], user_start[user + 1]
        allowed[:] = boost
        for k in range(seen_start[user], seen_start[user + 1]):
            allowed[seen_post[k]] = 0
        for k in range(begin, end):
            allowed[user_post[k]] = 0
        for j in range(n_posts):
            if author[j] == user:
                allowed[j] = 0
        people[:] = 0
        posts[:] = 0
        for k in range(found[r]):
            other = neighbour[r, k]
            _add(
                people, user_post, vote, user_start[other], user_start[other + 1], similarity[r, k]
            )
        for k in range(begin, end):
            source = user_post[k]
            _add(
                posts, near_post, near_value, near_start[source], near_start[source + 1], profile[k]
            )
        _scale_to_one(people, allowed, shares[0])
        _scale_to_one(posts, allowed, shares[1])
        if has_text:
            texts[:] = 0
            for k in range(begin, end):
                source = user_post[k]
                _add(
                    texts,
                    text_post,
                    text_value,
                    text_start[source],
                    text_start[source + 1],
                    profile[k],
                )
            _scale_to_one(texts, allowed, shares[2])
        for j in range(n_posts):
            final[j] = (max(people[j] + posts[j] + texts[j], np.float32(0)) + base[j]) * allowed[j]
        size = _keep_largest(final, every, n_posts, out_score[r], out_post[r])
        order = np.argsort(-out_score[r, :size], kind="mergesort")
        out_score[r, :size] = out_score[r, :size][order]
        out_post[r, :size] = out_post[r, :size][order]
        out_count[r] = size

        votes[:] = 0
        best[:] = 0
        text_best[:] = 0
        for s in range(size):
            slot[out_post[r, s]] = s
        for k in range(found[r]):
            other = neighbour[r, k]
            for m in range(user_start[other], user_start[other + 1]):
                if slot[user_post[m]] >= 0:
                    votes[slot[user_post[m]]] += 1
        history, worth = user_post[begin:end], profile[begin:end]
        _best_source(near_start, near_post, near_value, history, worth, slot, near_evidence, best)
        if has_text:
            _best_source(
                text_start, text_post, text_value, history, worth, slot, text_evidence, text_best
            )
        for s in range(size):
            j = out_post[r, s]
            slot[j] = -1
            most = max(people[j], posts[j], texts[j])
            if most <= 0 or most < base[j]:
                out_reason[r, s], out_evidence[r, s] = 2, lately[j]
            elif most == people[j]:
                out_reason[r, s], out_evidence[r, s] = 0, votes[s]
            elif most == posts[j]:
                out_reason[r, s], out_evidence[r, s] = 1, near_evidence[s]
            else:
                out_reason[r, s], out_evidence[r, s] = 3, text_evidence[s]
