"""The compiled parts of a score: weighted sums of lists, the spectral view, popularity."""

from typing import Any

import numpy as np

from threads_pipelines.compiled import compiled
from threads_pipelines.recommender.kernels.prefetch import prefetch
from threads_pipelines.recommender.kernels.selection import largest

_FADED = 1e-30
"""Below it a part has decayed to nothing, and what scales it up would overflow."""


@compiled
def scale_to(most: float, share: float) -> Any:
    """Compute the factor that scales the largest value of a part to its share.

    Args:
        most: The largest value, at least 0.
        share: The largest value after scaling.

    Returns:
        The factor, float32; 0 if the part has decayed to nothing.
    """
    return np.float32(share / most) if most > _FADED else np.float32(0)


@compiled
def score_all(
    people: Any,
    posts: Any,
    texts: Any,
    similar: Any,
    similarities: Any,
    pool: Any,
    liked: Any,
    worth: Any,
    near: Any,
    text: Any,
    forbidden: Any,
    shares: Any,
) -> Any:
    """Sum the lists of one user, as ``candidates.score_reached`` does, into arrays of any content.

    Args:
        people: (n_posts,) float32; receives the part of similar people.
        posts: (n_posts,) float32; receives the part of similar posts.
        texts: (n_posts,) float32; receives the part of similar texts.
        similar: (m,) positions of the similar people in ``pool``.
        similarities: (m,) float32, weight of each similar person.
        pool: ``SparseRows``, votes of the searched people.
        liked: (h,) posts of the user's history.
        worth: (h,) float32, weight of each post of the history.
        near: ``SparseRows``, similar posts.
        text: ``SparseRows``, posts with similar text.
        forbidden: Posts that the user may not get; repeats are allowed.
        shares: (4,) float32, weights of similar people, similar posts, similar texts and the
            spectral view.

    Returns:
        The factors of the three parts.
    """
    by_people = by_post = by_text = np.float32(0)
    if len(similar) > 0:
        _add_up(people, similar, similarities, pool)
        by_people = _scale_without(people, forbidden, shares[0])
    if len(near.item) > 0:
        _add_up(posts, liked, worth, near)
        by_post = _scale_without(posts, forbidden, shares[1])
    if len(text.item) > 0:
        _add_up(texts, liked, worth, text)
        by_text = _scale_without(texts, forbidden, shares[2])
    return by_people, by_post, by_text


@compiled
def _add_up(total: Any, rows: Any, weights: Any, lists: Any) -> None:
    """Sum lists of posts, each times its weight."""
    total[:] = 0
    for k in range(len(rows)):
        after = rows[min(k + 1, len(rows) - 1)]
        prefetch(lists.item, lists.start[after], lists.start[after + 1])
        prefetch(lists.value, lists.start[after], lists.start[after + 1])
        weight = weights[k]
        for m in range(lists.start[rows[k]], lists.start[rows[k] + 1]):
            total[np.uint32(lists.item[m])] += weight * lists.value[m]  # as in nearest_rows


@compiled
def _scale_without(total: Any, forbidden: Any, share: float) -> Any:
    """Set forbidden posts to 0; return the factor that scales the largest value to ``share``."""
    for j in forbidden:
        total[j] = 0
    return scale_to(largest(total), share)


@compiled
def combine(
    scored: Any,
    are_all: bool,
    people: Any,
    people_scale: float,
    posts: Any,
    posts_scale: float,
    texts: Any,
    texts_scale: float,
    facts: Any,
    final: Any,
) -> None:
    """Add up the parts of some posts and apply what the posts have for everybody.

    Args:
        scored: The posts.
        are_all: Whether these are all posts.
        people: (n_posts,) float32, part of similar people, times ``people_scale``.
        people_scale: Factor of ``people``.
        posts: (n_posts,) float32, part of similar posts, times ``posts_scale``.
        posts_scale: Factor of ``posts``.
        texts: (n_posts,) float32, part of similar texts, times ``texts_scale``.
        texts_scale: Factor of ``texts``.
        facts: ``PostFacts``.
        final: (n_posts,) float32; receives the scores of the posts.
    """
    if are_all:  # in order, which vector units can do
        for j in range(len(final)):
            alike = people[j] * people_scale + posts[j] * posts_scale + texts[j] * texts_scale
            final[j] = (max(alike, np.float32(0)) + facts.base_score[j]) * facts.popularity_boost[j]
    else:
        for j in scored:
            alike = people[j] * people_scale + posts[j] * posts_scale + texts[j] * texts_scale
            final[j] = (max(alike, np.float32(0)) + facts.base_score[j]) * facts.popularity_boost[j]


@compiled
def score_globally(
    liked: Any, worth: Any, view: Any, share: float, rescored: Any, taste: Any, score: Any
) -> None:
    """Write the scores of the spectral view for some posts, scaled so that the largest is
    ``share``.

    Args:
        liked: (h,) posts of the user's history.
        worth: (h,) float32, weight of each post of the history.
        view: ``SpectralView``.
        share: The largest score after scaling.
        rescored: (m,) posts to score.
        taste: (rank,) float32 scratch memory; receives the user's projection.
        score: (n_posts,) float32; receives the scores of the posts in ``rescored``.
    """
    taste[:] = 0
    for k in range(len(liked)):
        weight = worth[k] * view.source[liked[k]]
        for f in range(len(taste)):
            taste[f] += weight * view.factors[liked[k], f]
    most = np.float32(0)
    lanes = np.empty(16, np.float32)
    width, flat = len(taste), view.factors.reshape(-1)
    whole = width // 16 * 16
    for k in range(len(rescored)):
        after = np.int64(rescored[min(k + 2, len(rescored) - 1)]) * width
        prefetch(flat, after, after + width)
        j = rescored[k]
        begin = np.int64(j) * width
        lanes[:] = 0  # sixteen sums side by side: a fixed order that vector units can keep
        for f in range(0, whole, 16):
            for lane in range(16):  # unsigned, as in nearest_rows
                lanes[lane] += taste[np.uint32(f + lane)] * flat[np.uint64(begin + f + lane)]
        for f in range(whole, width):
            lanes[f - whole] += taste[f] * flat[begin + f]
        total = np.float32(0)
        for lane in range(16):
            total += lanes[lane]
        score[j] = total * view.target[j]
        most = max(most, score[j])
    scale = scale_to(most, share)
    for j in rescored:
        score[j] = max(score[j] * scale, np.float32(0))


@compiled
def fill_in(final: Any, popular: Any, personal: Any) -> None:
    """Mix personal scores, scaled to at most 1, with popularity.

    Args:
        final: (n_posts,) float32 personal scores, changed in place.
        popular: (n_posts,) float32 in [0, 1].
        personal: Share of the personal scores, in [0, 1].
    """
    most = largest(final)
    scale = personal / most if most > _FADED else np.float32(0)
    for j in range(len(final)):
        final[j] = final[j] * scale + popular[j] * (np.float32(1) - personal)
