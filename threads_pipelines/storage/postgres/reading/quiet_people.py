"""Events for people whose only traces are comments, reposts and follows.

The app logs no interaction for these. Whoever has one is left alone, so that nobody's profile
changes by this; whoever has none would get the same posts as everybody.
"""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Interactions, Mask, Rows
from threads_pipelines.storage.postgres.reading.events import PairRows, Window
from threads_pipelines.storage.postgres.reading.ids import PostRows

_KINDS = {"comment": "like", "repost": "share", "follow": "view"}
_POSTS_OF_FOLLOWED = 3
"""The latest posts of a followed person that stand for the follow."""


def events_of_quiet_people(
    logged: Interactions,
    comments: PairRows,
    follows: PairRows,
    posts: PostRows,
    roots: NDArray[np.int64],
    window: Window,
    excluded: Mask,
) -> Interactions:
    """Make events for people without logged events, from their comments, reposts and follows.

    Args:
        logged: The events that the app logged.
        comments: Rows of the table; a time outside the window is -1.
        follows: Rows of the table; a time outside the window is -1.
        posts: All posts, including reposts.
        roots: (n_posts,) the post that each one finally copies; an original is its own.
        window: Events count in it.
        excluded: (n_users,) bool, accounts that do not count.

    Returns:
        Comments as likes, reposts as shares of the original, and follows as views of the followed
        person's latest posts.
    """
    quiet = ~excluded
    quiet[logged.user] = False
    born = posts.created_at
    commented = np.flatnonzero((comments.offset >= 0) & quiet[comments.left])
    reposted = np.flatnonzero(
        posts.is_repost & (posts.original >= 0) & (posts.author >= 0) & (born > window.start)
    )
    reposted = reposted[quiet[posts.author[reposted]]]
    followed = np.flatnonzero((follows.offset >= 0) & quiet[follows.left])
    reader, post = _latest_posts(follows.left[followed], follows.right[followed], posts)
    since = np.repeat(0, 0) if not len(reader) else np.maximum(born[post], window.start + 1)
    parts = [
        ("comment", comments.left[commented], comments.right[commented],
         comments.offset[commented].astype(np.int64) + window.start),
        ("repost", posts.author[reposted], roots[reposted], born[reposted]),
        ("follow", reader, post, since),
    ]  # fmt: skip
    kinds = [np.full(len(who), INTERACTION_TYPES.index(_KINDS[name])) for name, who, _, _ in parts]
    return Interactions(
        user=np.concatenate([who for _, who, _, _ in parts]).astype(np.int32),
        post=np.concatenate([what for _, _, what, _ in parts]).astype(np.int32),
        kind=np.concatenate(kinds).astype(np.int8),
        at=np.concatenate([at for _, _, _, at in parts]).astype(np.int64),
    )


def _latest_posts(reader: Rows, author: Rows, posts: PostRows) -> tuple[Rows, Rows]:
    """Each reader with the latest own posts of each followed author, no reposts."""
    own = np.flatnonzero(~posts.is_repost & (posts.author >= 0))
    own = own[np.lexsort((own, -posts.created_at[own], posts.author[own]))]
    begin = np.searchsorted(posts.author[own], author, side="left")
    end = np.searchsorted(posts.author[own], author, side="right")
    count = np.minimum(end - begin, _POSTS_OF_FOLLOWED)
    place = np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())
    return np.repeat(reader, count), own[place].astype(np.int32)
