"""The compiled ranking of all posts for each user; it runs on blocks of users in threads.

One thread processes a user, in an order that depends on the data alone. Results are therefore the
same for any number of threads and any block size. Each thread needs a few arrays of scratch memory.
"""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled
from threads_pipelines.dataset.scored_rows import (
    FRESH_TOPIC,
    SIMILAR_PEOPLE,
    SIMILAR_POST,
    SIMILAR_TASTE,
    TRENDING,
)
from threads_pipelines.recommender.kernels.selection import best_first, keep_largest
from threads_pipelines.recommender.ranking.arrange import arrange
from threads_pipelines.recommender.ranking.evidence import name_evidence
from threads_pipelines.recommender.ranking.score_parts import (
    add_up,
    fill_in,
    scale_without,
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
    people = np.zeros(n_posts, np.float32)
    posts = np.zeros(n_posts, np.float32)
    texts = np.zeros(n_posts, np.float32)
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
    n_global = 0
    has_near, has_text, has_people = len(near.item) > 0, len(text.item) > 0, neighbour.shape[1] > 0
    people_scale = posts_scale = texts_scale = np.float32(0)
    for r in range(len(rows)):
        user = rows[r]
        begin, end = history.start[user], history.start[user + 1]
        liked, worth = history.item[begin:end], history.value[begin:end]
        similar, similarities = neighbour[r, : found[r]], similarity[r, : found[r]]
        forbidden = np.concatenate(
            (
                liked,
                seen.item[seen.start[user] : seen.start[user + 1]],
                own.item[own.start[user] : own.start[user + 1]],
            )
        )
        if has_people:
            add_up(people, similar, similarities, pool)
            people_scale = scale_without(people, forbidden, shares[0])
        if has_near:
            add_up(posts, liked, worth, near)
            posts_scale = scale_without(posts, forbidden, shares[1])
        if has_text:
            add_up(texts, liked, worth, text)
            texts_scale = scale_without(texts, forbidden, shares[2])
        for j in range(n_posts):
            alike = people[j] * people_scale + posts[j] * posts_scale + texts[j] * texts_scale
            final[j] = (max(alike, np.float32(0)) + facts.base_score[j]) * facts.popularity_boost[j]
        for j in forbidden:
            final[j] = 0
        if has_view and len(liked) > 0:
            n_global = keep_largest(final, rescored_value, rescored)
            score_globally(liked, worth, view, shares[3], rescored[:n_global], taste, globally)
            for j in rescored[:n_global]:
                alike = people[j] * people_scale + posts[j] * posts_scale + texts[j] * texts_scale
                alike = max(alike + globally[j], np.float32(0))
                final[j] = (alike + facts.base_score[j]) * facts.popularity_boost[j]
        popular = newcomer_share ** len(liked)
        if popular > _LEAST_POPULAR:
            fill_in(final, facts.newcomer_score, np.float32(1 - popular))
            for j in forbidden:
                final[j] = 0
        n_fresh = most_fresh if len(liked) > 0 else 0
        size = best_first(final, deep_score, deep_post)
        if n_fresh > 0 or author_cap > 0:
            fresh = facts.untouched
            chosen = best_first(final[fresh], fresh_score, fresh_post) if n_fresh > 0 else 0
            size = arrange(
                deep_post[:size], fresh[fresh_post[:chosen]], facts.author, author_cap,
                fresh_every if n_fresh > 0 else 0, out_post[r],
            )  # fmt: skip
        else:
            out_post[r, :size] = deep_post[:size]
        out_count[r] = size

        feed, reasons, evidence = out_post[r, :size], out_reason[r, :size], out_evidence[r, :size]
        for s in range(size):
            j = feed[s]
            out_score[r, s] = final[j]
            by_people, by_post = people[j] * people_scale, posts[j] * posts_scale
            by_text = texts[j] * texts_scale
            most = max(by_people, by_post, by_text, globally[j])
            evidence[s] = 0
            if most <= 0 or most < facts.base_score[j]:
                reasons[s], evidence[s] = TRENDING, facts.recent_user_count[j]
            elif most == by_people:
                reasons[s] = SIMILAR_PEOPLE
            elif most == by_post:
                reasons[s] = SIMILAR_POST
            elif most == globally[j]:
                reasons[s] = SIMILAR_TASTE
            else:
                reasons[s] = FRESH_TOPIC
        name_evidence(
            feed, reasons, liked, worth, near, text, similar, pool, slot, best, hits, evidence
        )
        for s in range(size):
            if reasons[s] == FRESH_TOPIC and touched[feed[s]]:
                reasons[s] = SIMILAR_POST  # alike by its text
        for j in rescored[:n_global]:
            globally[j] = 0
