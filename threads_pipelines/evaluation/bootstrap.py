"""Means over users with percentile bootstrap confidence intervals."""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

BOOTSTRAP = 1000


Floats = NDArray[np.float64]


Name = TypeVar("Name", bound=Hashable)


_CHUNK = 4_000_000
"""Resampled users held at a time: bounds the bootstrap's memory, whatever the number of users."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over ``users`` users, with the bounds of its 95% confidence interval."""

    mean: float
    low: float
    high: float
    users: int


def estimate(
    vectors: Mapping[Name, Floats], rng: np.random.Generator, samples: int = BOOTSTRAP
) -> dict[Name, Estimate]:
    """Estimate the mean of each vector with a 95% percentile bootstrap interval.

    All vectors are resampled together. NaN entries are left out of their own mean.

    Args:
        vectors: (n,) float64 vectors by name, the same user at the same place.
        rng: Draws the resamples.
        samples: Number of resamples.

    Returns:
        The estimates by name; NaN for an empty vector.
    """
    if not vectors or not len(next(iter(vectors.values()))):
        return {name: Estimate(np.nan, np.nan, np.nan, 0) for name in vectors}
    table = np.column_stack(list(vectors.values()))
    valid = ~np.isnan(table)
    filled = np.where(valid, table, 0.0)
    means = np.full((samples, table.shape[1]), np.nan)
    for start, weights in resamples(len(table), samples, rng):
        with np.errstate(invalid="ignore"):
            means[start : start + len(weights)] = (weights @ filled) / (weights @ valid)
    result = {}
    for column, name in enumerate(vectors):
        users = int(valid[:, column].sum())
        if not users:
            result[name] = Estimate(np.nan, np.nan, np.nan, 0)
            continue
        low, high = np.nanpercentile(means[:, column], (2.5, 97.5))
        mean = filled[:, column].sum() / users
        result[name] = Estimate(float(mean), float(low), float(high), users)
    return result


def resamples(n: int, samples: int, rng: np.random.Generator) -> Iterator[tuple[int, Floats]]:
    """Draw bootstrap resamples of users, in chunks of bounded memory.

    Args:
        n: Number of users.
        samples: Number of resamples.
        rng: Source of randomness.

    Yields:
        The number of the first resample of a chunk, and (chunk, n) float64: how often each user is
        drawn in each resample.
    """
    chunk = max(1, _CHUNK // max(n, 1))
    for start in range(0, samples, chunk):
        size = min(chunk, samples - start)
        drawn = rng.integers(0, n, (size, n)) + np.arange(size)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=size * n).reshape(size, n)
        yield start, counts.astype(np.float64)
