"""Concentration, tails and distances of samples."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


Samples = dict[str, Floats]


def distances(made: Samples, real: Samples) -> dict[str, float]:
    """Compute the two-sample Kolmogorov-Smirnov distance of each distribution.

    Args:
        made: Samples of the generated feed by name.
        real: Samples of the real feed by name.

    Returns:
        Distances by name, in [0, 1].
    """
    return {name: ks_distance(made[name], real[name]) for name in made}


def ks_distance(x: Floats, y: Floats) -> float:
    """Compute the largest difference between two empirical distribution functions.

    Args:
        x: (n,) sample.
        y: (m,) sample.

    Returns:
        The distance, in [0, 1]; 1 if a sample is empty.
    """
    if not len(x) or not len(y):
        return 1.0
    x, y = np.sort(x), np.sort(y)
    at = np.concatenate([x, y])
    below_x = np.searchsorted(x, at, side="right") / len(x)
    below_y = np.searchsorted(y, at, side="right") / len(y)
    return float(np.abs(below_x - below_y).max())


def gini(x: NDArray[np.number]) -> float:
    """Compute the Gini coefficient.

    Args:
        x: (n,) not negative.

    Returns:
        A number in [0, 1): 0 for equal values, towards 1 for concentration.
    """
    ordered = np.sort(x).astype(float)
    n, total = len(ordered), ordered.sum()
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total)) if total else 0.0


def top_share(x: NDArray[np.number], share: float) -> float:
    """Compute the part of the sum that the largest entries hold.

    Args:
        x: (n,) not negative.
        share: Share of the entries that count as the largest, in (0, 1].

    Returns:
        A number in [0, 1]; NaN without entries.
    """
    top = max(round(len(x) * share), 1)
    return float(np.sort(x)[-top:].sum() / x.sum()) if len(x) else float("nan")


def tail_exponent(counts: Floats, minimum: int = 50) -> float:
    """Estimate the exponent of a power-law tail (Clauset, Shalizi and Newman 2009).

    Each start of the tail with at least ``minimum`` values is fitted by maximum likelihood; the
    start with the smallest Kolmogorov-Smirnov distance is chosen.

    Args:
        counts: (n,) positive whole numbers.
        minimum: Least number of values in the tail.

    Returns:
        The exponent; NaN if there are fewer values.
    """
    x = np.sort(counts)
    best, exponent = np.inf, float("nan")
    for start in np.unique(np.quantile(x, np.linspace(0, 0.99, 100))) if len(x) else ():
        tail = x[x >= start]
        if len(tail) < minimum:
            break
        slope = len(tail) / np.log(tail / (start - 0.5)).sum()
        values = np.unique(tail)
        below = np.searchsorted(tail, values, side="right") / len(tail)
        distance = float(np.abs(below - 1 + ((values + 0.5) / (start - 0.5)) ** -slope).max())
        if distance < best:
            best, exponent = distance, 1 + slope
    return exponent
