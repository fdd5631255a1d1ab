"""Splits of a snapshot into train and test: by time, by nights in a row, or by random pairs."""

import numpy as np

from threads_pipelines.dataset.snapshot import Mask, Snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.split import DAY, Split, split_events


def by_time(snapshot: Snapshot, cut: int, until: int) -> Split:
    """Train on the events up to ``cut`` and test on those in (cut, until].

    A seen pair without an event in the snapshot stays seen. It comes from before the look-back
    window, or from a comment or repost, whose times the snapshot does not have.

    Args:
        snapshot: The data, with timestamps.
        cut: Epoch seconds UTC.
        until: Epoch seconds UTC.

    Returns:
        The split.

    Raises:
        DataError: There are no timestamps, or one side has no events.
    """
    if not snapshot.timed:
        raise DataError("A split by time needs timestamps: use `random_pairs` where there are none")
    before, after = _sides(snapshot, cut, until)
    if not before.any() or not after.any():
        raise DataError(f"No events on one side of the split at {cut} (epoch seconds)")
    return split_events(snapshot, before, after, cut, until)


def nights(snapshot: Snapshot, count: int, last_cut: int | None = None) -> list[Split]:
    """Make the splits of consecutive nights, a day apart. Nights with an empty side are left out.

    Args:
        snapshot: The data, with timestamps.
        count: Number of nights.
        last_cut: Cut of the latest night in epoch seconds. Default: one day before
            ``snapshot.as_of``.

    Returns:
        The splits, oldest first.
    """
    last_cut = snapshot.as_of - DAY if last_cut is None else last_cut
    cuts = range(last_cut - DAY * (count - 1), last_cut + 1, DAY)
    return [
        by_time(snapshot, cut, cut + DAY)
        for cut in cuts
        if all(side.any() for side in _sides(snapshot, cut, cut + DAY))
    ]


def random_pairs(snapshot: Snapshot, rng: np.random.Generator, share: float = 0.2) -> Split:
    """Hold out random user-post pairs, for data without timestamps.

    Every user keeps at least one pair for training.

    Args:
        snapshot: The data.
        rng: Draws the pairs.
        share: Share of the distinct pairs to hold out, in (0, 1).

    Returns:
        The split.

    Raises:
        DataError: No pair can be held out.
    """
    events = snapshot.interactions
    n_posts = len(snapshot.posts.ids)
    keys = events.user.astype(np.int64) * n_posts + events.post
    pairs, of_event = np.unique(keys, return_inverse=True)
    if not len(pairs):
        raise DataError("No events to split")
    held = np.zeros(len(pairs), bool)
    held[rng.permutation(len(pairs))[: round(share * len(pairs))]] = True
    owner = pairs // n_posts
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    held[starts[np.logical_and.reduceat(held, starts)]] = False  # who would lose everything
    split = split_events(snapshot, ~held[of_event], held[of_event])
    if not split.relevant.nnz:
        raise DataError("Too few pairs to hold any out: at least one user needs two posts")
    return split


def _sides(snapshot: Snapshot, cut: int, until: int) -> tuple[Mask, Mask]:
    at = snapshot.interactions.at
    return at <= cut, (at > cut) & (at <= until)
