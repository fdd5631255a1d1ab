"""Chooses the part of a snapshot to hold out, so that it resembles the next night."""

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.split import DAY, Split
from threads_pipelines.evaluation.splitters import by_time, random_pairs

MIN_LAST_DAY, MAX_LAST_DAY = 0.02, 0.5
"""Shares of all events between which the last day is worth holding out; else the last fifth is."""

MOST_LAST_DAY = 0.8
"""Share up to which what came before the last day is enough to learn from."""

RANDOM_SHARE = 0.1
"""Share of pairs that is held out for validation where there are no timestamps."""

RANDOM_FOLDS = 2


def share_of_last_day(snapshot: Snapshot) -> float:
    """Compute the share of the events that are in the last 24 hours before the latest event.

    Args:
        snapshot: The events.

    Returns:
        The share, in [0, 1]; 0 without timestamps.
    """
    at = snapshot.interactions.at
    return float((at > at.max() - DAY).mean()) if snapshot.timed and len(at) else 0.0


def hold_out(snapshot: Snapshot, rng: np.random.Generator) -> Split:
    """Hold out the end of a snapshot: the last day, the last fifth, or random pairs.

    The last day is used if it holds between 2% and 50% of all events, as in a feed; otherwise the
    last fifth of the events, as in a slow catalogue. Random pairs are used without timestamps, or
    if the end has no new pairs.

    Args:
        snapshot: The data.
        rng: Draws the random pairs.

    Returns:
        The split.

    Raises:
        DataError: No pair can be held out.
    """
    at = snapshot.interactions.at
    if snapshot.timed and len(at) and at.min() < at.max():
        last = int(at.max())
        fifth = min(int(np.sort(at)[int(0.8 * (len(at) - 1))]), last - 1)
        daily = MIN_LAST_DAY <= share_of_last_day(snapshot) <= MAX_LAST_DAY
        for cut in [last - DAY, fifth] if daily else [fifth]:
            split = by_time(snapshot, cut, last)
            if split.relevant.nnz:
                return split
    return random_pairs(snapshot, rng)


def validation_splits(snapshot: Snapshot, rng: np.random.Generator) -> Iterator[Split]:
    """Generate validation splits inside a training window, the one most like the next night first.

    If the last day holds more than half of all events, the whole of that day is also held out. The
    last split is made inside the training side of the first.

    Args:
        snapshot: The training data.
        rng: Draws random pairs.

    Yields:
        The splits.

    Raises:
        DataError: No pair can be held out.
    """
    if not snapshot.timed:
        for _ in range(RANDOM_FOLDS):
            yield random_pairs(snapshot, rng, RANDOM_SHARE)
        return
    split = hold_out(snapshot, rng)
    yield split
    if MAX_LAST_DAY < share_of_last_day(snapshot) <= MOST_LAST_DAY:
        last = int(snapshot.interactions.at.max())
        yield by_time(snapshot, last - DAY, last)
    with suppress(DataError):  # too little before the first
        yield hold_out(split.train, rng)
