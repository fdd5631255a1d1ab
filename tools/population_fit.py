"""Fit the generator to another platform: read its shape off its events, then correct by trial.

Quantiles are read off directly. What people want and what posts want then get in each other's way
when they meet, so the generator is run and the shape corrected until its output, not its input,
has the platform's distributions.
"""

from collections.abc import Callable

import numpy as np

from threads_pipelines.population.behaviour.encounters import draw_counts, draw_encounters
from threads_pipelines.population.behaviour.marginals import Floats, Quantiles, normal_scores
from threads_pipelines.population.realism import distributions
from threads_pipelines.population.realism import statistics as realism
from threads_pipelines.population.realism.statistics import FeedEvents
from threads_pipelines.population.settings import FeedShape, PopulationSettings
from threads_pipelines.population.streams import stream

KNOTS = (0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9,
         0.95, 0.975, 0.99, 0.995, 0.999, 1)  # fmt: skip
_SHORTEST_HOURS = 1e-4
_TOPICS = 6
_TRIALS = 3


def fit(
    events: FeedEvents,
    seed: int = 0,
    rounds: int = 40,
    progress: Callable[[str], None] = lambda message: None,
) -> PopulationSettings:
    """Settings whose encounters look like ``events`` (pairs), as far as ``rounds`` of trial go."""
    rng = stream(seed, "fit")
    goal = realism.samples(events)
    best = PopulationSettings(
        seed=seed,
        users=len(goal["activity"]),
        window_days=float(np.ptp(events.at)) / 86_400,
        feed=first_shape(events, rng),
    )
    kept = _trials(best, events)
    loss = _loss(kept, goal)
    for turn in range(rounds):
        tried = best.model_copy(update={"feed": _corrected(best.feed, kept, goal, rng)})
        made = _trials(tried, events)
        if _loss(made, goal) < loss:
            best, kept, loss = tried, made, _loss(made, goal)
            worst = max(distributions.distances(kept, goal).values())
            progress(f"round {turn + 1}: largest Kolmogorov-Smirnov distance {worst:.3f}")
    return best


def _trials(settings: PopulationSettings, like: FeedEvents) -> distributions.Samples:
    """Samples of a few runs together, so that one post that goes round the world decides little."""
    runs = [
        realism.samples(simulate(settings.model_copy(update={"seed": settings.seed + i}), like))
        for i in range(_TRIALS)
    ]
    return {name: np.concatenate([run[name] for run in runs]) for name in runs[0]}


def simulate(settings: PopulationSettings, like: FeedEvents) -> FeedEvents:
    """Encounters of a platform as large as ``like`` with these settings; its topics are made up."""
    n_posts, end = len(np.unique(like.post)), int(like.at.max())
    rng = stream(settings.seed, "made-up topics")
    topic = rng.integers(0, _TOPICS, n_posts).astype(np.int32)
    author = rng.integers(0, settings.users, n_posts).astype(np.int32)
    interest = rng.dirichlet(np.full(_TOPICS, 0.5), settings.users)
    weight = np.ones(settings.users)
    counts = draw_counts(
        len(like.user), max(n_posts // 2, 1), weight, settings.feed, stream(settings.seed, "counts")
    )
    strength = np.full(settings.users, settings.interest_strength)
    met = draw_encounters(counts, author, topic, interest, strength, end * 1000, settings)
    return FeedEvents(met.user, met.post, met.at // 1000)


def first_shape(events: FeedEvents, rng: np.random.Generator) -> FeedShape:
    """What can be read off the events directly."""
    goal = realism.samples(events)
    start, window = int(events.at.min()), float(np.ptp(events.at)) / 3600
    born = np.full(len(goal["popularity"]), np.inf)
    np.minimum.at(born, np.unique(events.post, return_inverse=True)[1], (events.at - start) / 3600)
    life = realism.half_lives_hours(events, minimum=1)
    large = goal["popularity"] >= realism.MINIMUM_EVENTS
    place = np.minimum(born / np.maximum(window - 1.4 * life, 1e-3), 1.0)
    hours = np.bincount((events.at // 3600) % 24, minlength=24)
    wave = np.sum(hours * np.exp(2j * np.pi * (np.arange(24) + 0.5) / 24)) / hours.sum()
    return FeedShape(
        activity=_per_mean(goal["activity"], rng),
        popularity=_per_mean(goal["popularity"], rng),
        reach=1.0,
        gap_hours=_quantiles(goal["gap"], _SHORTEST_HOURS),
        half_life_hours=_quantiles(goal["half-life"], _SHORTEST_HOURS),
        half_life_popularity=_rank_correlation(life[large], goal["popularity"][large], rng),
        growth=_growth(place),
        birth_popularity=_rank_correlation(place, goal["popularity"], rng),
        day_amplitude=float(min(2 * abs(wave), 0.95)),
        peak_hour=float(np.angle(wave) * 24 / (2 * np.pi) % 24),
    )


def _corrected(
    shape: FeedShape,
    made: distributions.Samples,
    goal: distributions.Samples,
    rng: np.random.Generator,
) -> FeedShape:
    """Move each knot by what its quantile is off, and the five scalars at random."""

    def moved(knots: Quantiles, name: str) -> Quantiles:
        power = rng.uniform(0, 0.8) * (rng.random() < 0.7)
        p = np.array(knots.p)
        off = np.maximum(np.quantile(goal[name], p), _SHORTEST_HOURS) / np.maximum(
            np.quantile(made[name], p), _SHORTEST_HOURS
        )
        value = np.sort(np.array(knots.value) * off ** (power * rng.uniform(0.7, 1, len(p))))
        return Quantiles(p=knots.p, value=tuple(value.tolist()))

    step = rng.normal(0, (0.15, 0.06, 0.05, 0.2, 0.05)) * (rng.random(5) < 0.5)
    return shape.model_copy(
        update={
            "gap_hours": moved(shape.gap_hours, "gap"),
            "half_life_hours": moved(shape.half_life_hours, "half-life"),
            "age_spread": float(np.clip(shape.age_spread * np.exp(step[0]), 0.05, 5)),
            "half_life_popularity": float(
                np.clip(shape.half_life_popularity + step[1], -0.95, 0.95)
            ),
            "gap_user_share": float(np.clip(shape.gap_user_share + step[2], 0, 0.95)),
            "growth": float(np.clip(shape.growth + step[3], -10, 10)),
            "birth_popularity": float(np.clip(shape.birth_popularity + step[4], -0.95, 0.95)),
        }
    )


def _loss(made: distributions.Samples, goal: distributions.Samples) -> float:
    return float(sum(d**2 for d in distributions.distances(made, goal).values()))


def _quantiles(x: Floats, floor: float) -> Quantiles:
    value = np.maximum.accumulate(np.maximum(np.quantile(x, KNOTS), floor))
    return Quantiles(p=KNOTS, value=tuple(value.tolist()))


def _per_mean(counts: Floats, rng: np.random.Generator) -> Quantiles:
    """Quantiles relative to the mean; whole numbers are spread out so that rounding undoes it."""
    return _quantiles((counts + rng.uniform(-0.5, 0.5, len(counts))) / counts.mean(), 1e-3)


def _rank_correlation(x: Floats, y: Floats, rng: np.random.Generator) -> float:
    together = np.corrcoef(normal_scores(x, rng), normal_scores(y, rng))[0, 1]
    return float(np.clip(together, -0.9, 0.9))


def _growth(place: Floats) -> float:
    """Maximum likelihood of the density ∝ exp(growth · x) on [0, 1]: its mean is the sample's."""
    low, high = -10.0, 10.0
    for _ in range(60):
        g = (low + high) / 2
        mean = 0.5 + g / 12 if abs(g) < 1e-3 else 1 / (1 - np.exp(-g)) - 1 / g
        low, high = (g, high) if mean < place.mean() else (low, g)
    return (low + high) / 2
