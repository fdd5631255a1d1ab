"""The people who are searched for neighbours, and the posts that each of them votes for."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.recommender.component_settings import EventSettings, SimilarPeopleSettings
from threads_pipelines.recommender.kernels.merging import group_by
from threads_pipelines.recommender.pairs import Pairs, decayed, row_sums
from threads_pipelines.recommender.sparse_rows import NO_VALUES, SparseRows, no_rows

_LEAST_POOL = 4_000
"""People who are always searched: below this, similar people become hard to find."""


class SearchedPeople(NamedTuple):
    """Input of the search for similar people.

    Attributes:
        user: (p,) int64, rows in ``Users`` of the searched people, ascending.
        post_scale: (n_posts,) float32, weight of a common post in the cosine.
        scale: (p,) float32, 1 / norm of each searched person.
        votes: The latest posts of each searched person; the value is 0 for a post that may not be
            recommended.
        audience: For each post, the positions in ``user`` of the people who acted on it; without
            values if all pairs count alike.
    """

    user: NDArray[np.int64]
    post_scale: NDArray[np.float32]
    scale: NDArray[np.float32]
    votes: SparseRows
    audience: SparseRows


def no_people(n_posts: int) -> SearchedPeople:
    """Make an empty search.

    Args:
        n_posts: Number of posts.

    Returns:
        A search that finds nobody.
    """
    none = np.zeros(0, np.float32)
    return SearchedPeople(
        np.zeros(0, np.int64), np.ones(n_posts, np.float32), none, no_rows(0), no_rows(n_posts)
    )


def searched_users(
    pairs: Pairs, events: EventSettings, settings: SimilarPeopleSettings, rng: np.random.Generator
) -> NDArray[Any]:
    """Choose the people to search; a random sample if searching all of them is too expensive.

    An exact search reads sum of n_i² pairs over the posts i. A sample of people keeps each
    similarity exact, whereas shorter lists of people would distort all of them.

    Args:
        pairs: All user-post pairs.
        events: Limits of an exact search.
        settings: Settings of the search.
        rng: Draws the sample.

    Returns:
        (p,) int64 rows in ``Users``, ascending.
    """
    active = np.flatnonzero(pairs.user_degree > 0)
    cost = float((pairs.post_degree.astype(np.float64) ** 2).sum())
    budget = max(events.exact_reads, settings.reads_per_pair * len(pairs.user_post))
    size = max(int(len(active) * budget / max(cost, 1.0)), _LEAST_POOL)
    return active if size >= len(active) else np.sort(rng.choice(active, size, replace=False))


def people_of(
    pairs: Pairs,
    events: EventSettings,
    settings: SimilarPeopleSettings,
    candidate: NDArray[np.bool_],
    rng: np.random.Generator,
) -> SearchedPeople:
    """Prepare the search for similar people.

    Args:
        pairs: All user-post pairs.
        events: Limits of an exact search.
        settings: Settings of the search.
        candidate: (n_posts,) bool, posts that may be recommended.
        rng: Draws the sample of a large app.

    Returns:
        The people to search, with their norms and votes.
    """
    n_posts = len(pairs.post_degree)
    damped = np.maximum(pairs.trusted_post_degree, 1.0) ** (-2 * settings.damping)
    post_scale: NDArray[np.float32] = damped.astype(np.float32)
    user = searched_users(pairs, events, settings, rng)
    degree = pairs.user_degree[user]
    if len(user) < np.count_nonzero(pairs.user_degree):
        degree = np.minimum(degree, settings.vote_cap)
    start = np.concatenate(([0], np.cumsum(degree))).astype(np.int64)
    # Places of these people's pairs: a run of consecutive ones for each of them.
    place = np.arange(start[-1]) + np.repeat(pairs.user_start[user] - start[:-1], degree)
    post, weight = pairs.user_post[place], pairs.user_weight[place]
    audience_start, order = group_by(post, n_posts)
    squares = post_scale[post] * (weight**2 if settings.weighted else np.float32(1))
    norm = row_sums(start, squares)
    vote = decayed(pairs, settings.vote_half_life_hours, place) * candidate[post]
    known_by = weight if settings.weighted else np.ones_like(weight)
    alike = not settings.weighted and len(pairs.user_trust) == 0
    return SearchedPeople(
        user=user,
        post_scale=post_scale,
        scale=((norm + settings.shrinkage + 1e-9) ** -0.5).astype(np.float32),
        votes=SparseRows(start, post, pairs.trusted(vote, place)),
        audience=SparseRows(
            audience_start,
            np.repeat(np.arange(len(user), dtype=np.int32), degree)[order],
            NO_VALUES if alike else pairs.trusted(known_by, place)[order],
        ),
    )
