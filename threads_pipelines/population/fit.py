"""Read a platform's shape off its events, so that the generator can be fitted to it."""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population import realism
from threads_pipelines.population.marginals import Floats, Quantiles, normal_scores
from threads_pipelines.population.realism import Events
from threads_pipelines.population.settings import FeedShape

KNOTS = (0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95,
         0.975, 0.99, 0.999, 1)  # fmt: skip


def quantiles(x: Floats, floor: float) -> Quantiles:
    """Quantiles of ``x`` (n,) at the knots, nothing below ``floor``."""
    value = np.maximum.accumulate(np.maximum(np.quantile(x, KNOTS), floor))
    return Quantiles(p=KNOTS, value=tuple(float(v) for v in value))


def fit_shape(events: Events, rng: np.random.Generator) -> FeedShape:
    """Shape of the feed that ``events`` (pairs) come from, before calibration."""
    per_user, per_post = _counts(events.user), _counts(events.post)
    start = events.at.min()
    window = (events.at.max() - start) / 3600
    post_rows = np.unique(events.post, return_inverse=True)[1]
    born = np.full(len(per_post), np.inf)
    np.minimum.at(born, post_rows, (events.at - start) / 3600)
    half_life, spread, rho = _lives(events)
    life = realism.half_lives_hours(events, minimum=1)
    hours = np.bincount((events.at // 3600) % 24, minlength=24)
    wave = np.sum(hours * np.exp(2j * np.pi * np.arange(24) / 24)) / hours.sum()
    return FeedShape(
        activity=quantiles(_continuous(per_user, rng) / per_user.mean(), 1e-3),
        popularity=quantiles(_continuous(per_post, rng) / per_post.mean(), 1e-3),
        gap_hours=quantiles(realism.gaps_hours(events), 1e-4),
        gap_user_share=_between_users(events),
        half_life_hours=quantiles(half_life, 1e-4),
        half_life_popularity=rho,
        age_spread=spread,
        growth=_growth(np.minimum(born / np.maximum(window - life * 2**spread, 1e-3), 1.0)),
        day_amplitude=min(2 * abs(wave), 0.95),
        peak_hour=float(np.angle(wave) * 24 / (2 * np.pi) % 24 + 0.5) % 24,
    )


def _counts(x: NDArray[np.integer]) -> NDArray[np.int64]:
    return np.unique(x, return_counts=True)[1]


def _continuous(counts: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Whole numbers spread over [n - 1/2, n + 1/2), so that rounding gives them back."""
    return counts + rng.uniform(-0.5, 0.5, len(counts))


def _between_users(events: Events) -> float:
    """Part of the variance of ln(gap) between users, by one-way analysis of variance."""
    order = np.lexsort((events.at, events.user))
    user, at = events.user[order], events.at[order]
    inside = np.diff(user) == 0
    group = np.unique(user[:-1][inside], return_inverse=True)[1]
    log_gap = np.log(np.maximum(np.diff(at)[inside], 0.5))
    n = np.bincount(group)
    mean = np.bincount(group, log_gap) / n
    within = np.sum((log_gap - mean[group]) ** 2) / max(len(log_gap) - len(n), 1)
    between = np.sum(n * (mean - log_gap.mean()) ** 2) / max(len(n) - 1, 1)
    size = (n.sum() - (n**2).sum() / n.sum()) / max(len(n) - 1, 1)
    variance = max((between - within) / size, 0.0)
    return float(variance / (variance + within)) if variance + within > 0 else 0.0


def _lives(events: Events) -> tuple[Floats, float, float]:
    order = np.lexsort((events.at, events.post))
    post, at = events.post[order], events.at[order]
    start = np.flatnonzero(np.append(True, post[1:] != post[:-1]))
    size = np.diff(np.append(start, len(post)))
    age = (at - np.repeat(at[start], size)) / 3600
    middle = realism.half_lives_hours(events, minimum=1)
    spoken = size >= realism.MINIMUM_EVENTS
    ratio = np.log(np.maximum(age, 1e-4) / np.maximum(np.repeat(middle, size), 1e-4))
    inner = np.repeat(spoken, size) & (age > 0)
    spread = float(np.subtract(*np.quantile(ratio[inner], (0.75, 0.25)))) / (2 * np.log(3))
    rho = _rank_correlation(middle[spoken], size[spoken], np.random.default_rng(0))
    return middle[spoken], float(np.clip(spread, 0.05, 5)), rho


def _rank_correlation(x: Floats, y: NDArray, rng: np.random.Generator) -> float:
    rho = np.corrcoef(normal_scores(x, rng), normal_scores(y, rng))[0, 1]
    return float(np.clip(rho, -0.95, 0.95))


def _growth(place: Floats) -> float:
    """Maximum likelihood of the density ∝ exp(growth · x) on [0, 1]: its mean is the sample's."""
    low, high = -10.0, 10.0
    for _ in range(60):
        g = (low + high) / 2
        mean = 0.5 + g / 12 if abs(g) < 1e-3 else 1 / (1 - np.exp(-g)) - 1 / g
        low, high = (g, high) if mean < place.mean() else (low, g)
    return (low + high) / 2
