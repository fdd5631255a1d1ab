"""Distances between tonight's distributions and those of earlier nights."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from threads_pipelines.dataset.night import SCORE_BINS

_GROUPS = 10


def histogram_of_scores(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """Count scores by bin.

    Args:
        scores: (n,) float64 in [0, 1].

    Returns:
        (SCORE_BINS,) int64; 1.0 belongs to the last bin.
    """
    return np.histogram(scores, bins=SCORE_BINS, range=(0.0, 1.0))[0]


def population_stability(reference: ArrayLike, tonight: ArrayLike) -> float:
    """Compute the population stability index of two histograms over the same bins.

    Bins are merged to about tenths of the reference, and half a count is added to each, so that an
    empty one has a finite effect. Rules of thumb: below 0.1 no shift, above 0.25 a large one (N.
    Siddiqi, Credit Risk Scorecards, 2006, ch. 12).

    Args:
        reference: (n_bins,) counts.
        tonight: (n_bins,) counts.

    Returns:
        The index, at least 0; 0 for equal shares.

    Raises:
        ValueError: The shapes differ, or a histogram is empty.
    """
    old, new = np.asarray(reference, float), np.asarray(tonight, float)
    if old.shape != new.shape or not old.sum() or not new.sum():
        raise ValueError("two histograms over the same bins are needed, neither of them empty")
    middle = (np.cumsum(old) - old / 2) / old.sum()
    group = np.minimum((middle * _GROUPS).astype(int), _GROUPS - 1)
    joined = [np.bincount(group, weights, _GROUPS) for weights in (old, new)]
    used = joined[0] + joined[1] > 0
    shares = [(counts[used] + 0.5) / (counts[used] + 0.5).sum() for counts in joined]
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def total_variation(reference: ArrayLike, tonight: ArrayLike) -> float:
    """Compute the total variation distance of two histograms over the same bins.

    Args:
        reference: (n_bins,) counts, not all 0.
        tonight: (n_bins,) counts, not all 0.

    Returns:
        The largest difference in probability of any event, in [0, 1].
    """
    old, new = np.asarray(reference, float), np.asarray(tonight, float)
    return float(np.abs(old / old.sum() - new / new.sum()).sum() / 2)
