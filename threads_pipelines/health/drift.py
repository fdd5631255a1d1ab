"""Distances between tonight's distributions and those of earlier nights."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from threads_pipelines.dataset.night import SCORE_BINS

_GROUPS = 10


def histogram_of_scores(scores: NDArray[np.float64]) -> NDArray[np.int64]:
    """(SCORE_BINS,) counts of scores in [0, 1]; 1.0 belongs to the last bin."""
    return np.histogram(scores, bins=SCORE_BINS, range=(0.0, 1.0))[0]


def population_stability(reference: ArrayLike, tonight: ArrayLike) -> float:
    """Population stability index of two histograms over the same bins; 0 where they are alike.

    The bins are joined to about tenths of the reference, and half a count is added to each so that
    an empty one costs something finite. Rules of thumb: below 0.1 no shift, above 0.25 a large one
    (N. Siddiqi, Credit Risk Scorecards, 2006, ch. 12). Raises ValueError where one is empty.
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
    """Largest difference in probability that two histograms give to any event, in [0, 1]."""
    old, new = np.asarray(reference, float), np.asarray(tonight, float)
    return float(np.abs(old / old.sum() - new / new.sum()).sum() / 2)
