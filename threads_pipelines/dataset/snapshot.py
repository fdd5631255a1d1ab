"""The state of the app at one instant: the input of every model, baseline and check.

A snapshot consists of plain arrays. ``storage`` reads it from PostgreSQL, ``files`` from files.
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

    Attributes:
        ids: (n_users,) str, unique.
        followers: (n_users,) int32, number of accounts that follow this one.
        receives: (n_users,) bool, accounts that get a feed.
    """

    ids: Ids
    followers: Rows
    receives: Mask


@dataclass(frozen=True, slots=True)
class Posts:
    """The posts, sorted by id in code-point order.

    Attributes:
        ids: (n_posts,) str, unique.
        author: (n_posts,) int32, row in ``Users``; -1 if unknown.
        created_at: (n_posts,) int64, epoch seconds UTC; -1 if unknown.
        content: (n_posts,) str; empty if there is none.
        candidate: (n_posts,) bool, posts that may be recommended (they exist, are no reposts, ...).
        likes: (n_posts,) int32, standing likes at the snapshot.
        comments: (n_posts,) int32, comments at the snapshot.
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
    """Events inside the look-back window, in no particular order; repeats are kept.

    Attributes:
        user: (n,) int32, row in ``Users``.
        post: (n,) int32, row in ``Posts``.
        kind: (n,) int8, position in ``INTERACTION_TYPES``. A like that was taken back is left out.
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

    Attributes:
        users: The accounts.
        posts: The posts.
        interactions: The events inside the look-back window.
        seen: (n_users, n_posts) CSR of bool with sorted indices: pairs that must never be
            recommended because the user saw, liked, commented on or reposted the post at any time
            up to ``as_of``, not only inside the look-back window. A user's own posts are not
            included; ``Posts.author`` has them.
        as_of: Epoch seconds UTC.
        timed: False if the input had no timestamps; ``Interactions.at`` is then all 0 and unused.
    """

    users: Users
    posts: Posts
    interactions: Interactions
    seen: "csr_matrix"
    as_of: int
    timed: bool = True

    def withholding(self, user_ids: Collection[str]) -> "Snapshot":
        """Return a copy in which some users get no feed.

        Args:
            user_ids: Ids of these users.

        Returns:
            The copy.
        """
        withheld = np.isin(self.users.ids, np.array(list(user_ids), object))
        return replace(self, users=replace(self.users, receives=self.users.receives & ~withheld))
