"""Distributions that are given by quantiles, and whole numbers with an exact sum.

A quantile function describes the marginal of any platform without choosing a family of
distributions. Log-normal bodies, Pareto tails and mixtures all fit; fitting means reading
quantiles.
"""

from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Quantiles(BaseModel):
    """A positive distribution that is log-linear between knots (probability, value)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    p: tuple[Annotated[float, Field(ge=0, le=1)], ...] = Field(
        min_length=2, description="Probabilities of the knots, increasing from 0 to 1"
    )
    value: tuple[Annotated[float, Field(gt=0, allow_inf_nan=False)], ...] = Field(
        min_length=2, description="Value at each knot, never decreasing"
    )

    @model_validator(mode="after")
    def _ordered(self) -> "Quantiles":
        if len(self.p) != len(self.value):
            raise ValueError(f"{len(self.p)} probabilities but {len(self.value)} values")
        if self.p[0] != 0 or self.p[-1] != 1 or np.any(np.diff(self.p) <= 0):
            raise ValueError("probabilities must increase from 0 to 1")
        if np.any(np.diff(self.value) < 0):
            raise ValueError("values must not decrease")
        return self

    def at(self, p: Floats) -> Floats:
        """Evaluate the quantile function.

        Args:
            p: Probabilities in [0, 1], of any shape.

        Returns:
            Values of the same shape.
        """
        return np.exp(np.interp(p, self.p, np.log(self.value)))

    def favouring(self, weight: Floats, rng: np.random.Generator) -> Floats:
        """Draw one value for each weight; a larger weight makes a large value more likely.

        Weights determine which entry gets which value, but not the distribution. A value without
        this constraint would be multiplied by about its weight.

        Args:
            weight: (n,) positive.
            rng: Source of randomness.

        Returns:
            (n,) values.
        """
        from scipy.special import ndtri

        place = spread_out(len(weight), rng)
        spread = float(np.std(np.log(self.at(place)))) if len(place) else 0.0
        score = ndtri(np.clip(place, 1e-9, 1 - 1e-9)) + np.log(weight) / max(spread, 0.1)
        value = np.empty(len(weight))
        value[np.argsort(score, kind="stable")] = self.at(np.sort(place))
        return value

    def at_score(self, z: Floats) -> Floats:
        """Evaluate the quantile function at normal scores, as a Gaussian copula does.

        Args:
            z: Standard normal scores, of any shape.

        Returns:
            Values of the same shape.
        """
        from scipy.special import ndtr

        return self.at(ndtr(z))


def spread_out(n: int, rng: np.random.Generator) -> Floats:
    """Draw stratified uniform numbers in random order, so that small samples keep the shape.

    Args:
        n: How many numbers.
        rng: Source of randomness.

    Returns:
        (n,) in [0, 1).
    """
    return rng.permutation((np.arange(n) + rng.random(n)) / max(n, 1))


def normal_scores(x: NDArray[np.number], rng: np.random.Generator) -> Floats:
    """Convert ranks to standard normal scores; ties are broken at random.

    Args:
        x: (n,) values.
        rng: Source of randomness.

    Returns:
        (n,) scores.
    """
    from scipy.special import ndtri

    order = np.lexsort((rng.random(len(x)), x))
    scores = np.empty(len(x))
    scores[order] = ndtri((np.arange(len(x)) + 0.5) / max(len(x), 1))
    return scores


def correlated(z: Floats, correlation: float, rng: np.random.Generator) -> Floats:
    """Draw normal scores that correlate with given ones.

    Args:
        z: (n,) standard normal scores.
        correlation: The correlation, in [-1, 1].
        rng: Source of randomness.

    Returns:
        (n,) scores.
    """
    noise = rng.standard_normal(len(z))
    return correlation * z + float(np.sqrt(1 - correlation**2)) * noise


def apportion(
    weights: Floats, total: int, lower: int, upper: int, rng: np.random.Generator
) -> Counts:
    """Round to whole numbers with an exact sum and bounds.

    Rounding is systematic sampling, so it is unbiased.

    Args:
        weights: (n,) the numbers are proportional to them, within the bounds.
        total: The sum; it is first brought into [n·lower, n·upper].
        lower: Least number.
        upper: Largest number.
        rng: Source of randomness.

    Returns:
        (n,) int64.
    """
    n = len(weights)
    if n == 0:
        return np.zeros(0, np.int64)
    total = min(max(total, n * lower), n * upper)
    scale_low, scale_high = 0.0, total / max(float(weights[weights > 0].min(initial=1.0)), 1e-12)
    for _ in range(100):  # bisection on the one scale at which the clipped sum is the total
        scale = (scale_low + scale_high) / 2
        if np.clip(weights * scale, lower, upper).sum() < total:
            scale_low = scale
        else:
            scale_high = scale
    ideal = np.clip(weights * scale_high, lower, upper)
    order = rng.permutation(n)
    ends = np.cumsum(ideal[order])
    marks = np.floor(ends * (total / max(ends[-1], 1e-300)) + rng.random())
    counts = np.empty(n, np.int64)
    counts[order] = np.diff(marks, prepend=0.0).astype(np.int64)
    return _repair(counts, total, lower, upper)


def _repair(counts: Counts, total: int, lower: int, upper: int) -> Counts:
    """Clip numbers that rounding put past a bound, and give the difference to entries with room."""
    counts = np.clip(counts, lower, upper)
    missing = total - int(counts.sum())
    while missing:
        room = np.flatnonzero(counts < upper if missing > 0 else counts > lower)[: abs(missing)]
        counts[room] += 1 if missing > 0 else -1
        missing = total - int(counts.sum())
    return counts
