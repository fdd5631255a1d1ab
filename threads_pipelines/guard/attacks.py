"""Attacks on the recommender, injected into a copy of a snapshot: paid accounts promote a post.

Every family gives the fake accounts a plausible history and lets them act on the targets within the
last day. Training and benchmarks use attacks; they are never stored or published.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Interactions, Snapshot

Family = Literal["random", "average", "bandwagon", "clone", "aged_clone", "slow_drip", "like_farm"]
FAMILIES: tuple[Family, ...] = get_args(Family)
_DAY = 86_400
_YOUNG = 2 * _DAY
"""Seconds in which an account that is not aged makes its whole history."""
_FARMED = 6
"""Posts of one author that a like farm acts on."""
_POPULAR = 0.02
"""Share of the posts, the most popular first, that a bandwagon rides on."""
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Attack:
    """What to inject.

    Attributes:
        family: How the fake accounts get a history.
        fakes: Number of fake accounts.
        targets: Rows of the promoted posts; a like farm promotes all of them.
        aged: Share of the accounts, in [0, 1], with a history over the whole window; that of the
            others is within two days.
    """

    family: Family
    fakes: int
    targets: tuple[int, ...]
    aged: float = 0.5


@dataclass(frozen=True, slots=True)
class Attacked:
    """A snapshot with fake accounts.

    Attributes:
        snapshot: The snapshot. Fake ids sort after all others, so real accounts keep their rows,
            and the events of real accounts come first.
        fake: (n_users,) bool.
    """

    snapshot: Snapshot
    fake: NDArray[np.bool_]


class _Histories:
    """The real accounts' histories that attacks imitate."""

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
        """Posts and times of one account."""
        part = slice(self.start[user], self.start[user + 1])
        return self.post[part], self.at[part]


Filler = Callable[[_Histories, int, np.random.Generator], tuple[Rows, Rows]]


def _random(real: _Histories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    size = real.count[like]
    return rng.choice(real.touched, size), rng.choice(real.at, size)


def _average(real: _Histories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Draw events from all events: posts in proportion to their popularity."""
    place = rng.integers(0, len(real.post), real.count[like])
    return real.post[place], real.at[place]


def _bandwagon(real: _Histories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    size = real.count[like]
    most = max(10, round(_POPULAR * len(real.touched)))
    best = real.touched[np.argsort(-real.popularity[real.touched], kind="stable")[:most]]
    return rng.choice(best, size), rng.choice(real.at, size)


def _clone(real: _Histories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    return real.of(like)


def _aged_clone(real: _Histories, like: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
    """Make a clone that takes a third of its history from another account."""
    post, at = (part.copy() for part in real.of(like))
    other_post, other_at = real.of(int(rng.choice(real.active)))
    swapped = np.flatnonzero(rng.random(len(post)) < 1 / 3)
    place = rng.integers(0, len(other_post), len(swapped))
    post[swapped], at[swapped] = other_post[place], other_at[place]
    return post, at


_FILLERS: dict[Family, Filler] = {
    "random": _random,
    "average": _average,
    "bandwagon": _bandwagon,
    "clone": _clone,
    "aged_clone": _aged_clone,
    "slow_drip": _average,
    "like_farm": _random,
}


def inject(snapshot: Snapshot, attack: Attack, rng: np.random.Generator) -> Attacked:
    """Inject an attack into a copy of a snapshot.

    Args:
        snapshot: A snapshot with at least one event.
        attack: What to inject.
        rng: Draws the histories and the times.

    Returns:
        The copy, and which accounts are fake.
    """
    real, n_real = _Histories(snapshot), len(snapshot.users.ids)
    span = (int(snapshot.interactions.at.min()), snapshot.as_of)
    users, posts, times = [], [], []
    for fake in range(attack.fakes):
        post, at = _FILLERS[attack.family](real, int(rng.choice(real.active)), rng)
        if attack.family == "aged_clone" or rng.random() < attack.aged:
            at = np.minimum(at, span[1])
        else:
            at = span[1] - rng.integers(0, _YOUNG, len(at))
        pushed = np.array(attack.targets)
        slow = attack.family == "slow_drip"
        since = span[0] if slow else max(span[1] - _DAY, span[0])
        posts += [post, pushed]
        times += [at, rng.integers(since, span[1] + 1, len(pushed))]
        users.append(np.full(len(post) + len(pushed), n_real + fake))
    if not snapshot.timed:
        times = [np.zeros_like(at) for at in times]
    events = _joined(snapshot, *(np.concatenate(part) for part in (users, posts, times)))
    return Attacked(
        _with_accounts(snapshot, events, attack.fakes), np.arange(n_real + attack.fakes) >= n_real
    )


def targets_of(snapshot: Snapshot, family: Family, rng: np.random.Generator) -> tuple[int, ...]:
    """Draw the target of an attack: an unpopular post, or six of one author for a like farm.

    A post is unpopular if it is a candidate with at least one event and at most the median number.

    Args:
        snapshot: The snapshot.
        family: Family of the attack.
        rng: Source of randomness.

    Returns:
        Rows of the posts.
    """
    count = np.bincount(snapshot.interactions.post, minlength=len(snapshot.posts.ids))
    touched = snapshot.posts.candidate & (count > 0)
    unpopular = np.flatnonzero(touched & (count <= np.median(count[touched])))
    author = snapshot.posts.author
    if family == "like_farm" and (author[unpopular] >= 0).any():
        counted = np.bincount(author[unpopular][author[unpopular] >= 0])
        able = np.flatnonzero(counted >= min(_FARMED, counted.max()))
        unpopular = unpopular[author[unpopular] == rng.choice(able)]
    size = min(_FARMED if family == "like_farm" else 1, len(unpopular))
    return tuple(int(post) for post in rng.choice(unpopular, size, replace=False))


def _joined(snapshot: Snapshot, user: Rows, post: Rows, at: Rows) -> Interactions:
    events = snapshot.interactions
    kind = np.resize(events.kind, len(user))  # the same mix of types
    return Interactions(
        np.append(events.user, user.astype(np.int32)),
        np.append(events.post, post.astype(np.int32)),
        np.append(events.kind, kind),
        np.append(events.at, at),
    )


def _with_accounts(snapshot: Snapshot, events: Interactions, fakes: int) -> Snapshot:
    from scipy.sparse import csr_matrix

    users, n_posts = snapshot.users, len(snapshot.posts.ids)
    last = str(users.ids[-1]) if len(users.ids) else ""
    ids = np.array([f"{last}~{number:07}" for number in range(fakes)], object)
    added = events.user >= len(users.ids)
    rows = events.user[added] - len(users.ids)
    seen = csr_matrix((np.ones(len(rows), bool), (rows, events.post[added])), (fakes, n_posts))
    seen.sum_duplicates()
    indptr = np.concatenate((snapshot.seen.indptr, snapshot.seen.indptr[-1] + seen.indptr[1:]))
    indices = np.concatenate((snapshot.seen.indices, seen.indices))
    whole = csr_matrix(
        (np.ones(len(indices), bool), indices, indptr), (len(users.ids) + fakes, n_posts)
    )
    return replace(
        snapshot,
        users=replace(
            users,
            ids=np.append(users.ids, ids),
            followers=np.append(users.followers, np.zeros(fakes, np.int32)),
            receives=np.append(users.receives, np.zeros(fakes, bool)),
        ),
        interactions=events,
        seen=whole,
    )
