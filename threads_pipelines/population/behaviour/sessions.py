"""Draws the visit times of each user, with heavy-tailed gaps."""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.behaviour.marginals import Counts, Floats
from threads_pipelines.population.settings import FeedShape

_PER_BIN = 50


def visits(
    counts: Counts,
    anchors: Floats,
    window_hours: float,
    shape: FeedShape,
    rng: np.random.Generator,
) -> tuple[NDArray[np.int32], Floats]:
    """Draw the times at which users visit.

    Gaps are drawn from ``shape.gap_hours``. A part of their variance belongs to the user (Gaussian
    copula). If a user's visits exceed the window, the gaps are scaled down.

    Args:
        counts: (n_users,) encounters of each user.
        anchors: (n_anchors,) hours at which posts attract readers. Visits are placed around them,
            so that users are present when the posts are.
        window_hours: Length of the window.
        shape: Distributions of the feed.
        rng: Source of randomness.

    Returns:
        User (n,) and hour (n,) of every encounter, grouped by user, times ascending within a user.
    """
    n_users = len(counts)
    user = np.repeat(np.arange(n_users, dtype=np.int32), counts)
    if not len(user):
        return user, np.zeros(0)
    own = rng.standard_normal(n_users)
    share = shape.gap_user_share
    score = np.sqrt(share) * own[user] + np.sqrt(1 - share) * rng.standard_normal(len(user))
    gap = shape.gap_hours.at_score(score)
    first = np.cumsum(counts) - counts
    active = counts > 0
    gap[first[active]] = 0.0
    passed = np.cumsum(gap)
    passed -= passed[np.minimum(first, len(user) - 1)][user]
    span = np.zeros(n_users)
    span[active] = passed[(first + counts - 1)[active]]
    room = window_hours * rng.uniform(0.7, 1.0, n_users)
    squeeze = np.minimum(1.0, room / np.maximum(span, 1e-9))
    passed *= squeeze[user]
    span *= squeeze
    # A user's anchor falls on any of its visits alike, so that the crowd follows the anchors.
    middle = passed[first[active] + rng.integers(0, counts[active])]
    start = np.zeros(n_users)
    start[active] = rng.choice(anchors, int(active.sum())) - middle
    start = np.clip(start, 0.0, window_hours - span)
    return user, _follow(start[user] + passed, anchors, window_hours)


def _follow(at: Floats, anchors: Floats, window_hours: float) -> Floats:
    """Stretch and compress time until ``at`` is as dense as ``anchors``, evenly within each bin."""
    bins = int(np.clip(min(len(at), len(anchors)) // _PER_BIN, 1, 400))
    edges = np.linspace(0, 1, bins + 1)
    here = np.quantile(at, edges)
    there = np.quantile(anchors, edges)
    here[0], here[-1], there[0], there[-1] = 0.0, window_hours, 0.0, window_hours
    return np.interp(at, here, there)
