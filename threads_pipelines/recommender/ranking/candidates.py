"""The posts that can win a place in a feed, found without a look at all posts.

A post that no list reaches has the score that it has for everybody. Of those posts only the first
ones of an order that all users share can be in a feed. Where the lists of a user reach a small part
of the catalogue, ranking them and these is as good as ranking all posts, and cheaper.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.compiled import compiled
from threads_pipelines.recommender.kernels.prefetch import prefetch
from threads_pipelines.recommender.ranking.post_facts import PostFacts
from threads_pipelines.recommender.ranking.score_parts import scale_to


class SharedOrders(NamedTuple):
    """Posts by the score that they have for everybody, best first; equal ones by their rows.

    Attributes:
        unreached: Posts by their score without any similarity, where it is positive.
        untouched: Those of ``unreached`` that nobody acted on.
        newcomer: Posts by ``PostFacts.newcomer_score``, where it is positive.
    """

    unreached: NDArray[np.int32]
    untouched: NDArray[np.int32]
    newcomer: NDArray[np.int32]


def shared_orders(facts: PostFacts) -> SharedOrders:
    """Sort the posts of a model by what they are worth for everybody.

    Args:
        facts: Properties of the posts.

    Returns:
        The orders.
    """
    unreached = _descending(facts.base_score * facts.popularity_boost)
    untouched = np.zeros(len(facts.base_score), bool)
    untouched[facts.untouched] = True
    return SharedOrders(
        unreached, unreached[untouched[unreached]], _descending(facts.newcomer_score)
    )


def _descending(score: NDArray[np.float32]) -> NDArray[np.int32]:
    order = np.argsort(-score, kind="stable").astype(np.int32)
    return order[: int((score > 0).sum())]


@compiled
def posts_of(lists: Any, row: int) -> Any:
    """Return the posts of one list.

    Args:
        lists: ``SparseRows`` over posts.
        row: Row of ``lists``.

    Returns:
        (n,) int32, a view.
    """
    return lists.item[lists.start[row] : lists.start[row + 1]]


@compiled
def reach(rows: Any, lists: Any) -> int:
    """Count the entries of some lists, an upper bound of the posts that they reach.

    Args:
        rows: (n,) rows of ``lists``.
        lists: ``SparseRows`` over posts.

    Returns:
        The number of entries.
    """
    total = 0
    for row in rows:
        total += lists.start[row + 1] - lists.start[row]
    return total


@compiled
def _add_up(
    total: Any, rows: Any, weights: Any, lists: Any, mark: Any, epoch: int, posts: Any, size: int
) -> int:
    """Sum lists of posts as ``add_up`` does, and collect the posts that they reach."""
    for k in range(len(rows)):
        after = rows[min(k + 1, len(rows) - 1)]
        prefetch(lists.item, lists.start[after], lists.start[after + 1])
        prefetch(lists.value, lists.start[after], lists.start[after + 1])
        weight = weights[k]
        for m in range(lists.start[rows[k]], lists.start[rows[k] + 1]):
            j = np.uint32(lists.item[m])
            posts[size] = j
            size += mark[j] != epoch
            mark[j] = epoch
            total[j] += weight * lists.value[m]
    return size


@compiled
def _scale(total: Any, posts: Any, share: float) -> Any:
    """Compute the factor that scales the largest value of some posts to ``share``, or 0."""
    most = np.float32(0)
    for j in posts:
        most = max(most, total[j])
    return scale_to(most, share)


@compiled
def score_reached(
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
    mark: Any,
    epoch: int,
    reached: Any,
) -> Any:
    """Sum the lists of one user, and collect the posts that they reach.

    Args:
        people: (n_posts,) float32 of zeros; receives the part of similar people.
        posts: (n_posts,) float32 of zeros; receives the part of similar posts.
        texts: (n_posts,) float32 of zeros; receives the part of similar texts.
        similar: (m,) positions of the similar people in ``pool``.
        similarities: (m,) float32, weight of each similar person.
        pool: ``SparseRows``, votes of the searched people.
        liked: (h,) posts of the user's history.
        worth: (h,) float32, weight of each post of the history.
        near: ``SparseRows``, similar posts.
        text: ``SparseRows``, posts with similar text.
        forbidden: Posts that the user may not get; they are marked, and their parts are 0.
        shares: (4,) float32, weights of similar people, similar posts, similar texts and the
            spectral view.
        mark: (n_posts,) int32; receives ``epoch`` where a post is collected or forbidden.
        epoch: Number of the user, not used before with ``mark``.
        reached: (n_posts + 1,) int32; receives the posts, in no order.

    Returns:
        The number of posts in ``reached``, and the factors of the three parts.
    """
    size = _add_up(people, similar, similarities, pool, mark, epoch, reached, 0)
    size = _add_up(posts, liked, worth, near, mark, epoch, reached, size)
    size = _add_up(texts, liked, worth, text, mark, epoch, reached, size)
    for j in forbidden:
        mark[j] = epoch
        people[j] = posts[j] = texts[j] = 0
    found = reached[:size]
    scales = _scale(people, found, shares[0]), _scale(posts, found, shares[1])
    return size, scales[0], scales[1], _scale(texts, found, shares[2])


@compiled
def add_first(order: Any, most: int, mark: Any, epoch: int, posts: Any, size: int) -> int:
    """Collect the first posts of an order that are not marked yet.

    Args:
        order: Posts.
        most: Number of posts to collect.
        mark: (n_posts,) int32; ``epoch`` where a post is collected or forbidden.
        epoch: Number of the user.
        posts: (n_posts + 1,) int32; receives the posts.
        size: Number of posts that are collected already.

    Returns:
        The number of posts that are collected.
    """
    for j in order:
        if most == 0:
            break
        if mark[j] != epoch:
            mark[j] = epoch
            posts[size] = j
            size += 1
            most -= 1
    return size
