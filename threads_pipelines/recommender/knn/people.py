"""The people among whom neighbours are sought, and what each of them votes for."""

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
    """What the search for similar people and their votes read.

    user: (p,) int64, rows in ``Users`` of the people who are searched, ascending.
    post_scale: (n_posts,) float32, what a common post counts in the cosine.
    scale: (p,) float32, one over the norm of each of them.
    votes: for each of them the latest posts; the value is 0 where a post may not be recommended.
    audience: for each post the places in ``user`` of the people who acted on it; no values where
        pairs count alike.
    """

    user: NDArray[np.int64]
    post_scale: NDArray[np.float32]
    scale: NDArray[np.float32]
    votes: SparseRows
    audience: SparseRows


def no_people(n_posts: int) -> SearchedPeople:
    """Return a search that finds nobody."""
    none = np.zeros(0, np.float32)
    return SearchedPeople(
        np.zeros(0, np.int64), np.ones(n_posts, np.float32), none, no_rows(0), no_rows(n_posts)
    )


def searched_users(
    pairs: Pairs, events: EventSettings, settings: SimilarPeopleSettings, rng: np.random.Generator
) -> NDArray[Any]:
    """Return the rows of the people to search, (n,) int64, ascending; a sample of a large app.

    Searching everybody among everybody reads sum of n_i² pairs over the posts i. A random sample
    leaves each similarity as it is, where shortened lists of people would distort all of them.
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
        pairs: all user-post pairs.
        events, settings: the settings that the search reads.
        candidate: (n_posts,) bool, posts that may be recommended.
        rng: draws the sample of a large app.
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
