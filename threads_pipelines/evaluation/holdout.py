"""What to hold out of a snapshot to judge settings: what the next night is most like, and more."""

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.split import DAY, Split, by_time, random_pairs

MIN_LAST_DAY, MAX_LAST_DAY = 0.02, 0.5
"""Shares of all events between which the last day is worth holding out; else the last fifth is."""

MOST_LAST_DAY = 0.8
"""Share up to which what came before the last day is enough to learn from."""

RANDOM_SHARE = 0.1
"""Share of pairs that is held out for validation where there are no timestamps."""

RANDOM_FOLDS = 2


def share_of_last_day(snapshot: Snapshot) -> float:
    """Share of the events in the day up to the last of them; 0 where there are no times."""
    at = snapshot.interactions.at
    return float((at > at.max() - DAY).mean()) if snapshot.timed and len(at) else 0.0


def hold_out(snapshot: Snapshot, rng: np.random.Generator) -> Split:
    """The end of a snapshot: the last day, the last fifth, or random pairs.

    The last day where it holds between 2% and 50% of all events (a feed), the last fifth of the
    events otherwise (a slow catalogue), random pairs where the input has no timestamps or nothing
    new happened in the end. Raises DataError where there is nothing to hold out at all.
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
    """Ways to hold out inside a training window, the one most like the next night first.

    Then, of a feed that has doubled within a day, the whole of that day; and the end before.
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
