"""Attacks on the recommender, injected into a copy of a snapshot: paid accounts promote a post.

Every family gives the fake accounts a plausible history and lets them act on the targets within the
last day. Training and benchmarks use attacks; they are never stored or published.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Interactions, Snapshot
from threads_pipelines.guard.fake_histories import FILLERS, Family, RealHistories, Rows

_DAY = 86_400
_YOUNG = 2 * _DAY
"""Seconds in which an account that is not aged makes its whole history."""
_FARMED = 6
"""Posts of one author that a like farm acts on."""


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


def inject(snapshot: Snapshot, attack: Attack, rng: np.random.Generator) -> Attacked:
    """Inject an attack into a copy of a snapshot.

    Args:
        snapshot: A snapshot with at least one event.
        attack: What to inject.
        rng: Draws the histories and the times.

    Returns:
        The copy, and which accounts are fake.
    """
    real, n_real = RealHistories(snapshot), len(snapshot.users.ids)
    span = (int(snapshot.interactions.at.min()), snapshot.as_of)
    users, posts, times = [], [], []
    for fake in range(attack.fakes):
        post, at = FILLERS[attack.family](real, int(rng.choice(real.active)), rng)
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
