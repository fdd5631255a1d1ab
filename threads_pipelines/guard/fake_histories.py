"""The histories that fake accounts get, by family of attack."""

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot

Family = Literal["random", "average", "bandwagon", "clone", "aged_clone", "slow_drip", "like_farm"]


FAMILIES: tuple[Family, ...] = get_args(Family)


_POPULAR = 0.02
"""Share of the posts, the most popular first, that a bandwagon rides on."""


Rows = NDArray[np.int64]


class RealHistories:
    """The histories of the real accounts, which attacks imitate.

    Args:
        snapshot: The snapshot.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        events = snapshot.interactions
        order = np.argsort(events.user, kind="stable")
        self.post, self.at = events.post[order].astype(np.int64), events.at[order]
        self.count = np.bincount(events.user, minlength=len(snapshot.users.ids))
        self.start = np.concatenate(([0], np.cumsum(self.count)))
        self.active = np.flatnonzero(self.count)
        self.popularity = np.bincount(events.post, minlength=len(snapshot.posts.ids))
        self.touched = np.flatnonzero(self.popularity)

    def of(self, user: int) -> tuple[Rows, Rows]:
        """Return the history of one account.

        Args:
            user: Row of the account.

        Returns:
            Posts and times, (n,) int64 each.
        """
        part = slice(self.start[user], self.start[user + 1])
        return self.post[part], self.at[part]


Filler = Callable[[RealHistories, int, np.random.Generator], tuple[Rows, Rows]]


def _random(real: RealHistories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    size = real.count[like]
    return rng.choice(real.touched, size), rng.choice(real.at, size)


def _average(real: RealHistories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Draw events from all events: posts in proportion to their popularity."""
    place = rng.integers(0, len(real.post), real.count[like])
    return real.post[place], real.at[place]


def _bandwagon(real: RealHistories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    size = real.count[like]
    most = max(10, round(_POPULAR * len(real.touched)))
    best = real.touched[np.argsort(-real.popularity[real.touched], kind="stable")[:most]]
    return rng.choice(best, size), rng.choice(real.at, size)


def _clone(real: RealHistories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    return real.of(like)


def _aged_clone(real: RealHistories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Make a clone that takes a third of its history from another account."""
    post, at = (part.copy() for part in real.of(like))
    other_post, other_at = real.of(int(rng.choice(real.active)))
    swapped = np.flatnonzero(rng.random(len(post)) < 1 / 3)
    place = rng.integers(0, len(other_post), len(swapped))
    post[swapped], at[swapped] = other_post[place], other_at[place]
    return post, at


FILLERS: dict[Family, Filler] = {
    "random": _random,
    "average": _average,
    "bandwagon": _bandwagon,
    "clone": _clone,
    "aged_clone": _aged_clone,
    "slow_drip": _average,
    "like_farm": _random,
}
