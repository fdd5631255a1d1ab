"""What a run knows of the app at one instant: the input of every model, baseline and check.

A snapshot is plain arrays. It is read from PostgreSQL by ``storage`` or from a file by ``offline``.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

INTERACTION_TYPES = ("view", "click", "like", "share")
"""The types that the app writes; ``Interactions.kind`` holds positions in this tuple."""

Ids = NDArray[np.object_]
Rows = NDArray[np.int32]
Times = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Users:
    """The accounts, sorted by id in code-point order (PostgreSQL's ``COLLATE "C"``).

    ids: (n_users,) str, unique.
    followers: (n_users,) int32, accounts that follow this one.
    receives: (n_users,) bool, who is given a feed.
    """

    ids: Ids
    followers: Rows
    receives: Mask


@dataclass(frozen=True, slots=True)
class Posts:
    """The posts, sorted by id in code-point order.

    ids: (n_posts,) str, unique.
    author: (n_posts,) int32, row in ``Users``; -1 where unknown.
    created_at: (n_posts,) int64, epoch seconds UTC; -1 where unknown.
    content: (n_posts,) str; empty where there is none.
    candidate: (n_posts,) bool, what may be recommended at all (exists, is not a repost, ...).
    likes, comments: (n_posts,) int32, standing counts as of the snapshot.
    """

    ids: Ids
    author: Rows
    created_at: Times
    content: Ids
    candidate: Mask
    likes: Rows
    comments: Rows


@dataclass(frozen=True, slots=True)
class Interactions:
    """Events inside the look-back window; in no particular order; repeats are kept.

    user, post: (n,) int32, rows in ``Users`` and ``Posts``.
    kind: (n,) int8, position in ``INTERACTION_TYPES``; a like that was taken back is left out.
    at: (n,) int64, epoch seconds UTC, at most ``Snapshot.as_of``.
    """

    user: Rows
    post: Rows
    kind: NDArray[np.int8]
    at: Times

    def __len__(self) -> int:
        """Count of events."""
        return len(self.user)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything that a run reads, as of one instant.

    seen: (n_users, n_posts) CSR of bool with sorted indices; every pair that must never be
        recommended because the user saw, liked, commented or reposted it, at any time up to as_of
        (not only inside the look-back window). Own posts are not in it: ``Posts.author`` says so.
    as_of: epoch seconds UTC.
    timed: False where the input had no timestamps (then ``at`` is all zero and means nothing).
    """

    users: Users
    posts: Posts
    interactions: Interactions
    seen: "csr_matrix"
    as_of: int
    timed: bool = True

    def withholding(self, user_ids: Collection[str]) -> "Snapshot":
        """The same snapshot in which these users are given no feed."""
        withheld = np.isin(self.users.ids, np.array(list(user_ids), object))
        return replace(self, users=replace(self.users, receives=self.users.receives & ~withheld))
