"""The compiled ranking of all posts for each user; it runs on blocks of users in threads.

One thread processes a user, in an order that depends on the data alone. Results are therefore the
same for any number of threads and any block size. Each thread needs a few arrays of scratch memory.
"""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled
from threads_pipelines.dataset.scored_rows import FRESH_TOPIC, SIMILAR_POST
from threads_pipelines.recommender.kernels.best_posts import best_posts, keep_best
from threads_pipelines.recommender.ranking.arrange import arrange
from threads_pipelines.recommender.ranking.candidates import (
    add_first,
    posts_of,
    reach,
    score_reached,
)
from threads_pipelines.recommender.ranking.evidence import name_evidence
from threads_pipelines.recommender.ranking.reasons import name_reasons
from threads_pipelines.recommender.ranking.score_parts import (
    combine,
    fill_in,
    score_all,
    score_globally,
)

_LEAST_POPULAR = 1e-3
"""Share of newcomers' popularity below which it is left out."""

_CAP_DEPTH = 4
"""Times ``top_k`` posts that are looked through where the posts of an author are capped."""


@compiled
def rank_posts(
    rows: Any,
    history: Any,
    pool: Any,
    neighbour: Any,
    similarity: Any,
    found: Any,
    near: Any,
    text: Any,
    seen: Any,
    own: Any,
    facts: Any,
    orders: Any,
    few: float,
    view: Any,
    n_rescored: int,
    newcomer_share: float,
    author_cap: int,
    fresh_every: int,
    shares: Any,
    out_post: Any,
    out_score: Any,
    out_reason: Any,
    out_evidence: Any,
    out_count: Any,
) -> None:
    """Score every post for each user and write the best ones, best first, with their reasons.

    Args:
        rows: (n,) int64, rows in ``Users`` to rank for.
        history: ``SparseRows``, the posts of each user and their weight.
        pool: ``SparseRows``, votes of the searched people.
        neighbour: (n, m) int32, positions in ``pool`` of each user's similar people.
        similarity: (n, m) float32, weight of each similar person.
        found: (n,) int32, number of similar people of each user.
        near: ``SparseRows``, similar posts.
        text: ``SparseRows``, posts with similar text.
        seen: ``SparseRows``, posts that each user has seen.
        own: ``SparseRows``, posts that each user has written.
        facts: ``PostFacts``.
        orders: ``SharedOrders``.
        few: Share of the posts that a user's lists may reach for the other posts not to be scored.
        view: ``SpectralView``.
        n_rescored: Number of best posts that the spectral view scores.
        newcomer_share: Share of newcomers' popularity after one post; its n-th power after n.
        author_cap: Most posts of one author in a feed; 0 means no limit.
        fresh_every: Distance between places for untouched posts; 0 means no such places.
        shares: (4,) float32, weights of similar people, similar posts, similar texts and the
            spectral view.
        out_post: (n, top_k) int32; receives the posts.
        out_score: (n, top_k) float32; receives the scores.
        out_reason: (n, top_k) int8; receives the reasons.
        out_evidence: (n, top_k) int32; receives the evidence.
        out_count: (n,) int32; receives the length of each feed.
    """
    n_posts, top_k = len(facts.popularity_boost), out_post.shape[1]
    depth = min(n_posts, _CAP_DEPTH * top_k) if author_cap > 0 else top_k
    deep_post, deep_score = np.empty(depth, np.int32), np.zeros(depth, np.float32)
    most_fresh = min(len(facts.untouched), top_k // fresh_every) if fresh_every > 0 else 0
    fresh_post, fresh_score = np.empty(most_fresh, np.int32), np.zeros(most_fresh, np.float32)
    parts = np.zeros((3, n_posts), np.float32)
    people, posts, texts = parts[0], parts[1], parts[2]
    final = np.zeros(n_posts, np.float32)
    slot = np.zeros(n_posts, np.int16)
    hits = np.empty(n_posts, np.int32)
    best = np.zeros(top_k, np.float32)
    touched = np.ones(n_posts, np.bool_)
    touched[facts.untouched] = False
    globally = np.zeros(n_posts, np.float32)
    has_view = view.factors.shape[1] > 0 and shares[3] > 0
    rescored = np.empty(n_rescored, np.int32)
    rescored_value = np.zeros(n_rescored, np.float32)
    taste = np.zeros(view.factors.shape[1], np.float32)
    n_global = size = 0
    every = np.arange(n_posts, dtype=np.int32)
    reached, mark, dirty = np.empty(n_posts + 1, np.int32), np.zeros(n_posts, np.int32), False
    for r in range(len(rows)):
        user = rows[r]
        begin, end = history.start[user], history.start[user + 1]
        liked, worth = history.item[begin:end], history.value[begin:end]
        similar, similarities = neighbour[r, : found[r]], similarity[r, : found[r]]
        forbidden = np.concatenate((liked, posts_of(seen, user), posts_of(own, user)))
        popular = newcomer_share ** len(liked)
        work = reach(similar, pool) + reach(liked, near) + reach(liked, text)
        is_new = len(liked) == 0
        n_fresh = 0 if is_new else most_fresh
        some = work < few * n_posts and (is_new or popular <= _LEAST_POPULAR)
        if some:
            if dirty:
                parts[:] = 0
                dirty = False
            epoch = r + 1
            size, people_scale, posts_scale, texts_scale = score_reached(
                people, posts, texts, similar, similarities, pool, liked, worth, near, text,
                forbidden, shares, mark, epoch, reached,
            )  # fmt: skip
            order, least = orders.unreached, max(depth, n_rescored if has_view else 0)
            if is_new:
                order, least = orders.newcomer, depth
            size = add_first(order, least, mark, epoch, reached, size)
            size = add_first(orders.untouched, n_fresh, mark, epoch, reached, size)
        else:
            dirty = True
            people_scale, posts_scale, texts_scale = score_all(
                people, posts, texts, similar, similarities, pool, liked, worth, near, text,
                forbidden, shares,
            )  # fmt: skip
        scored = reached[:size] if some else every
        combine(
            scored, not some, people, people_scale, posts, posts_scale, texts, texts_scale, facts,
            final,
        )  # fmt: skip
        for j in forbidden:
            final[j] = 0
        if has_view and not is_new:
            values = final[scored] if some else final
            n_global = keep_best(values, scored, not some, rescored_value, rescored)
            score_globally(liked, worth, view, shares[3], rescored[:n_global], taste, globally)
            for j in rescored[:n_global]:
                alike = people[j] * people_scale + posts[j] * posts_scale + texts[j] * texts_scale
                alike = max(alike + globally[j], np.float32(0))
                final[j] = (alike + facts.base_score[j]) * facts.popularity_boost[j]
        if some and is_new:
            for j in scored:
                final[j] = facts.newcomer_score[j]
        elif popular > _LEAST_POPULAR:
            fill_in(final, facts.newcomer_score, np.float32(1 - popular))
        for j in forbidden:
            final[j] = 0
        values = final[scored] if some else final
        size = best_posts(values, scored, not some, deep_score, deep_post)
        if n_fresh > 0 or author_cap > 0:
            fresh = scored[~touched[scored]] if some else facts.untouched
            chosen = 0
            if n_fresh > 0:
                chosen = best_posts(final[fresh], fresh, not some, fresh_score, fresh_post)
            size = arrange(
                deep_post[:size], fresh_post[:chosen], facts.author, author_cap,
                fresh_every if n_fresh > 0 else 0, out_post[r],
            )  # fmt: skip
        else:
            out_post[r, :size] = deep_post[:size]
        out_count[r] = size

        feed, reasons, evidence = out_post[r, :size], out_reason[r, :size], out_evidence[r, :size]
        for s in range(size):
            out_score[r, s] = final[feed[s]]
        name_reasons(
            feed, facts, people, people_scale, posts, posts_scale, texts, texts_scale, globally,
            reasons, evidence,
        )  # fmt: skip
        name_evidence(
            feed, reasons, liked, worth, near, text, similar, pool, slot, best, hits, evidence
        )
        for s in range(size):
            if reasons[s] == FRESH_TOPIC and touched[feed[s]]:
                reasons[s] = SIMILAR_POST  # alike by its text
        for j in rescored[:n_global]:
            globally[j] = 0
        if some:
            for j in scored:
                people[j] = posts[j] = texts[j] = 0
