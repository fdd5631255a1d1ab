"""Checks of a generated population before it is written."""

import numpy as np

from threads_pipelines.population.generate import Population

_DAY_MS = 86_400_000


def outside_window(population: Population, window_days: float) -> int:
    """Count the interactions outside the window, or before their post or user existed.

    Args:
        population: The population.
        window_days: Length of the window in days.

    Returns:
        The number of such interactions.
    """
    events, now = population.interactions, population.now_ms
    early = events.at < np.maximum(
        population.posts.at[events.post], population.people_at[events.user]
    )
    outside = (events.at > now) | (events.at < now - window_days * _DAY_MS)
    return int(np.count_nonzero(early | outside))


def dangling(population: Population) -> int:
    """Count the interactions, likes, comments and follows that refer to no row.

    Args:
        population: The population.

    Returns:
        The number of invalid references.
    """
    users, posts = len(population.people), len(population.posts)
    faults = 0
    for rows in (population.interactions, population.likes, population.comments):
        faults += int(np.count_nonzero((rows.user < 0) | (rows.user >= users)))
        faults += int(np.count_nonzero((rows.post < 0) | (rows.post >= posts)))
    for ends in (population.follows.follower, population.follows.following):
        faults += int(np.count_nonzero((ends < 0) | (ends >= users)))
    return faults
