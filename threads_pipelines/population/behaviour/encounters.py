"""Draws encounters: the first time that each user acts on each post."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.behaviour.cascades import arrivals, draw_cascades
from threads_pipelines.population.behaviour.clock import DayClock
from threads_pipelines.population.behaviour.marginals import Counts, Floats, apportion
from threads_pipelines.population.behaviour.meeting import Rows, meet
from threads_pipelines.population.behaviour.sessions import visits
from threads_pipelines.population.settings import FeedShape, PopulationSettings
from threads_pipelines.population.streams import stream

_LEAST_APPEAL = 0.02


@dataclass(frozen=True, slots=True)
class Encounters:
    """Unique pairs of user and post, in ascending order of time, and when the posts were made.

    Attributes:
        user: (n,) int32 row of the user.
        post: (n,) int32 row of the post.
        at: (n,) int64, epoch ms.
        born_at: (n_posts,) int64, epoch ms.
    """

    user: Rows
    post: Rows
    at: NDArray[np.int64]
    born_at: NDArray[np.int64]


def appeal_of(interest: Floats) -> Floats:
    """Compute the appeal of each topic to each user, relative to the user's favourite.

    Args:
        interest: (n_users, n_topics).

    Returns:
        (n_users, n_topics) in (0, 1].
    """
    relative: Floats = interest / interest.max(axis=1, keepdims=True)
    return np.maximum(relative, _LEAST_APPEAL)


def draw_counts(
    total: int, most: int, weight: Floats, shape: FeedShape, rng: np.random.Generator
) -> Counts:
    """Draw the number of encounters of each user.

    Args:
        total: Total number of encounters.
        most: Most encounters of one user.
        weight: (n_users,) a larger weight makes more encounters likely; 0 makes none.
        shape: Distributions of the feed.
        rng: Source of randomness.

    Returns:
        (n_users,) int64.
    """
    counts = np.zeros(len(weight), np.int64)
    awake = np.flatnonzero(weight > 0)
    activity = shape.activity.favouring(weight[awake], rng)
    counts[awake] = apportion(activity, total, 1 if total >= len(awake) else 0, most, rng)
    return counts


def draw_encounters(
    counts: Counts,
    author: Rows,
    topic: Rows,
    interest: Floats,
    strength: Floats,
    now_ms: int,
    settings: PopulationSettings,
) -> Encounters:
    """Match visits of users with cascades of posts in the window before ``now_ms``.

    Args:
        counts: (n_users,) visits of each user; a visit that fits no post is dropped.
        author: (n_posts,) row of each post's author.
        topic: (n_posts,) topic of each post.
        interest: (n_users, n_topics); rows sum to one.
        strength: (n_users,) exponent of each user's topic preference.
        now_ms: End of the window in epoch ms.
        settings: Settings of the population.

    Returns:
        The encounters.
    """
    shape, seed = settings.feed, settings.seed
    window_hours = settings.window_days * 24
    # A topic that more people like gets more encounters, so that likers find what they like.
    demand = counts @ interest / np.maximum(np.bincount(topic, minlength=interest.shape[1]), 1)
    most = max(int(shape.reach * np.count_nonzero(counts)), 1)
    lives = draw_cascades(
        demand[topic], int(counts.sum()), most, window_hours, shape, stream(seed, "cascades")
    )
    post, wanted = arrivals(lives, window_hours, shape, stream(seed, "arrivals"))
    user, hour = visits(counts, wanted, window_hours, shape, stream(seed, "visits"))
    order = np.argsort(hour, kind="stable")
    user, hour = user[order], hour[order]
    taste = (strength[:, None] * np.log(appeal_of(interest))).astype(np.float32)
    user, post, hour = meet(
        user, hour, post, wanted, lives.born, lives.half_life, author, taste, topic,
        stream(seed, "meeting"),
    )  # fmt: skip
    order = np.argsort(hour, kind="stable")
    clock = DayClock(now_ms, window_hours, shape.day_amplitude, shape.peak_hour)
    return Encounters(
        user[order],
        post[order],
        clock.to_epoch_ms(hour[order]),
        clock.to_epoch_ms(lives.born),
    )
