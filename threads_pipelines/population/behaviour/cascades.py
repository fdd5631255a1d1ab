"""Draws the cascade of each post: creation time, number of readers and their arrival times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.behaviour.marginals import (
    Counts,
    Floats,
    apportion,
    correlated,
    normal_scores,
)
from threads_pipelines.population.settings import FeedShape


@dataclass(frozen=True, slots=True)
class Cascades:
    """One cascade for each post, in hours of even time since the start of the window.

    Attributes:
        born: (n_posts,) float64 in [0, window], creation of the post.
        size: (n_posts,) int64, readers of the post.
        half_life: (n_posts,) float64, hours until half of the readers have arrived.
    """

    born: Floats
    size: Counts
    half_life: Floats


def draw_cascades(
    attraction: Floats,
    encounters: int,
    most: int,
    window_hours: float,
    shape: FeedShape,
    rng: np.random.Generator,
) -> Cascades:
    """Draw the cascades of all posts.

    Args:
        attraction: (n_posts,) positive; a larger weight makes a popular post more likely.
        encounters: Total number of readers.
        most: Most readers of one post.
        window_hours: Length of the window.
        shape: Distributions of the feed.
        rng: Source of randomness.

    Returns:
        The cascades.
    """
    from scipy.special import ndtr

    n_posts = len(attraction)
    popularity = shape.popularity.favouring(attraction, rng)
    ideal = _saturated(popularity, encounters, most)
    size = apportion(ideal, encounters, 1 if encounters >= n_posts else 0, most, rng)
    score = normal_scores(popularity, rng)
    half_life = shape.half_life_hours.at_score(correlated(score, shape.half_life_popularity, rng))
    # Who is to live long must be born early: half of a life has to fit the window.
    room = np.maximum(window_hours - half_life * _slack(shape), 0.0)
    place = ndtr(correlated(score, shape.birth_popularity, rng))
    return Cascades(room * _tilted(place, shape.growth), size, half_life)


def arrivals(
    lives: Cascades, window_hours: float, shape: FeedShape, rng: np.random.Generator
) -> tuple[NDArray[np.int32], Floats]:
    """Draw the arrival time of every reader.

    Ages are log-logistic with the post's half-life as their median, cut at the end of the window.
    The first reader arrives when the post is created.

    Args:
        lives: The cascades.
        window_hours: Length of the window.
        shape: Distributions of the feed.
        rng: Source of randomness.

    Returns:
        Post (n,) and hour (n,) of every encounter, grouped by post.
    """
    post = np.repeat(np.arange(len(lives.size), dtype=np.int32), lives.size)
    left = np.maximum(window_hours - lives.born, 1e-9)
    steepness = 1 / shape.age_spread
    # The scale at which the median of the cut distribution is the half-life.
    scale = np.maximum(1 - 2 * (lives.half_life / left) ** steepness, 0.01) ** -shape.age_spread
    scale *= lives.half_life
    reach = 1 / (1 + (left / scale) ** -steepness)
    u = rng.random(len(post)) * reach[post]
    age = scale[post] * (u / (1 - u)) ** shape.age_spread
    age[(np.cumsum(lives.size) - lives.size)[lives.size > 0]] = 0.0
    return post, lives.born[post] + np.minimum(age, left[post])


def _saturated(weight: Floats, total: int, most: int) -> Floats:
    """Return sizes (n,) that sum to ``total``, at most ``most``, and proportional to small weights.

    They follow an audience of ``most`` people who arrive at random: size = most * (1 - exp(-weight
    / most)).
    """
    low, high = 0.0, 1.0
    size: Floats = np.zeros(len(weight))
    if total >= most * len(weight):
        return size + most
    while (most * -np.expm1(-high * weight / most)).sum() < total and high < 1e12:
        high *= 2
    for _ in range(60):
        scale = (low + high) / 2
        size = most * -np.expm1(-scale * weight / most)
        low, high = (scale, high) if size.sum() < total else (low, scale)
    return size


def _slack(shape: FeedShape) -> float:
    """Return the lifetimes per half-life that a cut log-logistic needs to have that half-life."""
    return 1.05 * float(2**shape.age_spread)


def _tilted(u: Floats, growth: float) -> Floats:
    """Return quantiles of the density ∝ exp(growth · x) on [0, 1]."""
    if abs(growth) < 1e-6:
        return u
    place: Floats = np.log1p(u * np.expm1(growth)) / growth
    return place
