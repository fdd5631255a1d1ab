"""The reasons why an account or a post counts less, as sentences."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.guard.structure import FARM
from threads_pipelines.guard.trust import Trust

_LISTED = "on the block-list"


@dataclass(frozen=True, slots=True)
class Flagged:
    """An account or a post that counts less.

    Attributes:
        kind: ``account`` or ``post``.
        id: Its id.
        trust: What its events count, in [0, 1].
        people: Accounts that acted on the post, or posts that the account acted on.
        reason: The reason as a sentence.
    """

    kind: str
    id: str
    trust: float
    people: int
    reason: str


def flagged(snapshot: Snapshot, trust: Trust) -> list[Flagged]:
    """List all posts and accounts that count less.

    Args:
        snapshot: The snapshot that was judged.
        trust: What the guard found in it.

    Returns:
        The posts, then the accounts, least trusted first.
    """
    events = snapshot.interactions
    n_posts = len(snapshot.posts.ids)
    pairs = np.unique(events.user.astype(np.int64) * n_posts + events.post)
    by_post = np.bincount(pairs % n_posts, minlength=n_posts)
    by_user = np.bincount(pairs // n_posts, minlength=len(snapshot.users.ids))
    rows = [
        Flagged("post", str(snapshot.posts.ids[p]), float(trust.post[p]), int(by_post[p]),
                _of_post(trust, int(p)))
        for p in _least_first(trust.post)
    ]  # fmt: skip
    rows += [
        Flagged("account", str(snapshot.users.ids[u]), float(trust.account[u]), int(by_user[u]),
                _LISTED)
        for u in _least_first(trust.account)
    ]  # fmt: skip
    return rows


def _least_first(trust: NDArray[np.float32]) -> NDArray[np.int64]:
    below = np.flatnonzero(trust < 1)
    return below[np.argsort(trust[below], kind="stable")]


def _of_post(trust: Trust, post: int) -> str:
    structure = trust.structure
    if not structure.doubt[post]:
        return _LISTED
    ratio, limit = structure.ratio[post], structure.limit[post]
    chance = f"{ratio:.2f} times as alike as chance gives, usual is above {limit:.2f}"
    if structure.doubt[post] == FARM:
        return f"the same accounts acted on several posts; apart from these they are {chance}"
    return f"the accounts that acted on it are {chance}"
