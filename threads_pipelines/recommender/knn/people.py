"""The people among whom neighbours are sought, with what each of them votes for."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.recommender.kernels.merging import group_by
from threads_pipelines.recommender.pairs import NONE, Pairs, decayed, row_sums
from threads_pipelines.recommender.settings import RecommenderSettings

_LEAST_POOL = 4_000
"""People who are always searched: below this, similar people become hard to find."""


def pool_of(pairs: Pairs, settings: RecommenderSettings, rng: np.random.Generator) -> NDArray[Any]:
    """(n,) int64, rows of the people to search, ascending; at random where all cost too much.

    Searching everybody among everybody reads sum of n_i² pairs over the posts i. A random pool
    leaves each similarity as it is, where shortened lists of people would distort all of them.
    """
    active = np.flatnonzero(pairs.user_degree > 0)
    cost = float((pairs.post_degree.astype(np.float64) ** 2).sum())
    budget = max(settings.exact_reads, settings.reads_per_pair * len(pairs.user_post))
    size = max(int(len(active) * budget / max(cost, 1.0)), _LEAST_POOL)
    return active if size >= len(active) else np.sort(rng.choice(active, size, replace=False))


def people_arrays(
    pairs: Pairs,
    settings: RecommenderSettings,
    candidate: NDArray[np.bool_],
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """What the search for similar people and their votes read.

    pool_user: (p,) rows in ``Users``. pool_start, pool_post, pool_vote: the latest posts of each,
        the vote 0 where the post may not be recommended.
    audience_start, audience, audience_value: for each post the places in the pool of its people;
    no values where pairs count alike. pool_scale: (p,) float32, one over the norm.
    """
    n_posts = len(pairs.post_degree)
    post_scale = np.maximum(pairs.post_degree, 1.0) ** (-2 * settings.people_damping)
    post_scale = post_scale.astype(np.float32)
    if settings.people_share == 0 or settings.people_neighbours == 0:
        pool = np.zeros(0, np.int64)
    else:
        pool = pool_of(pairs, settings, rng)
    degree = pairs.user_degree[pool]
    if len(pool) < np.count_nonzero(pairs.user_degree):
        degree = np.minimum(degree, settings.vote_cap)
    start = np.concatenate(([0], np.cumsum(degree))).astype(np.int64)
    # Places of the pool's pairs: a run of consecutive ones a user.
    place = np.arange(start[-1]) + np.repeat(pairs.user_start[pool] - start[:-1], degree)
    post, weight = pairs.user_post[place], pairs.user_weight[place]
    audience_start, order = group_by(post, n_posts)
    squares = post_scale[post] * (weight**2 if settings.people_weighted else np.float32(1))
    norm = row_sums(start, squares)
    return {
        "post_scale": post_scale,
        "pool_user": pool,
        "pool_start": start,
        "pool_post": post,
        "pool_vote": decayed(pairs, settings.vote_half_life_hours, place) * candidate[post],
        "pool_scale": ((norm + settings.people_shrinkage + 1e-9) ** -0.5).astype(np.float32),
        "audience_start": audience_start,
        "audience": np.repeat(np.arange(len(pool), dtype=np.int32), degree)[order],
        "audience_value": weight[order] if settings.people_weighted else NONE,
    }
