"""Interprets the rows that were read: which are events, what was seen, what may be recommended."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import (
    INTERACTION_TYPES,
    Interactions,
    Mask,
    Posts,
    Rows,
    Snapshot,
    Users,
)
from threads_pipelines.storage.postgres.reading.events import OUTSIDE, EventRows, PairRows, Window
from threads_pipelines.storage.postgres.reading.ids import AccountRows, PostRows
from threads_pipelines.storage.postgres.reading.quiet_people import events_of_quiet_people

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_COLUMNS = ("user", "post", "kind", "at")
_LIKE = INTERACTION_TYPES.index("like")


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables that were read, in rows of ``accounts`` and ``posts``."""

    accounts: AccountRows
    posts: PostRows
    events: EventRows
    likes: PairRows
    comments: PairRows
    follows: PairRows


@dataclass(frozen=True, slots=True)
class Numbers:
    """Counts of what the rules left out and added."""

    unliked: int
    likes_without_event: int
    excluded_events: int
    not_seen: int = 0


def snapshot_of(tables: Tables, window: Window, excluded: Mask) -> tuple[Snapshot, Numbers]:
    """Apply the rules to the tables.

    Args:
        tables: The tables.
        window: The look-back window.
        excluded: (n_users,) bool, accounts that do not count.

    Returns:
        The snapshot, and counts of what was left out and added.
    """
    accounts, posts = tables.accounts, tables.posts
    roots = _roots(posts.original)
    logged, numbers = _interactions(tables, window, excluded)
    quiet = events_of_quiet_people(
        logged, tables.comments, tables.follows, posts, roots, window, excluded
    )
    interactions = Interactions(
        *(np.concatenate([getattr(part, name) for part in (logged, quiet)]) for name in _COLUMNS)
    )
    seen = _seen(tables, roots)
    author_excluded = np.append(excluded, True)[posts.author]  # -1, an unknown author, is the last
    followers = ~excluded[tables.follows.left]
    snapshot = Snapshot(
        users=Users(
            ids=accounts.ids,
            followers=_count(tables.follows.right[followers], len(accounts.ids)),
            receives=~excluded,
        ),
        posts=Posts(
            ids=posts.ids,
            author=posts.author,
            created_at=posts.created_at,
            content=posts.content,
            candidate=~posts.is_repost & ~author_excluded,
            likes=_count(_by_counted(tables.likes, excluded), len(posts.ids)),
            comments=_count(_by_counted(tables.comments, excluded), len(posts.ids)),
        ),
        interactions=interactions,
        seen=seen,
        as_of=window.end,
    )
    return snapshot, replace(numbers, not_seen=_not_seen(quiet, seen))


def _interactions(tables: Tables, window: Window, excluded: Mask) -> tuple[Interactions, Numbers]:
    """Return the events in the window: a like only while it stands, and every standing like."""
    events, likes = tables.events, tables.likes
    inside = events.kind != OUTSIDE
    counted = inside & ~excluded[events.user]
    like_rows = np.flatnonzero(counted & (events.kind == _LIKE))
    width = len(tables.posts.ids)
    event_keys = _keys(events.user[like_rows], events.post[like_rows], width)
    standing = np.isin(event_keys, _keys(likes.left, likes.right, width))
    keep = counted.copy()
    keep[like_rows[~standing]] = False
    silent = np.flatnonzero((likes.offset >= 0) & ~excluded[likes.left])
    told = np.isin(_keys(likes.left[silent], likes.right[silent], width), event_keys)
    silent = silent[~told]
    offset = np.concatenate([events.offset[keep], likes.offset[silent]])
    interactions = Interactions(
        user=np.concatenate([events.user[keep], likes.left[silent]]),
        post=np.concatenate([events.post[keep], likes.right[silent]]),
        kind=np.concatenate([events.kind[keep], np.full(len(silent), _LIKE, np.int8)]),
        at=offset.astype(np.int64) + window.start,
    )
    return interactions, Numbers(
        unliked=int((~standing).sum()),
        likes_without_event=len(silent),
        excluded_events=int(inside.sum() - counted.sum()),
    )


def _seen(tables: Tables, roots: NDArray[np.int64]) -> "csr_matrix":
    """Return the pairs of any interaction, standing like, comment or repost of all time.

    A repost copies the content of its original, so who met or made the repost has seen the
    original.
    """
    from scipy.sparse import csr_matrix

    events, likes, comments, posts = tables.events, tables.likes, tables.comments, tables.posts
    reposts = np.flatnonzero((posts.original >= 0) & (posts.author >= 0))
    users = [events.user, likes.left, comments.left, posts.author[reposts]]
    items = [events.post, likes.right, comments.right, posts.original[reposts]]
    rows, columns = np.concatenate(users), np.concatenate(items)
    root = roots[columns]
    copied = root != columns
    rows, columns = np.append(rows, rows[copied]), np.append(columns, root[copied])
    shape = (len(tables.accounts.ids), len(posts.ids))
    seen = csr_matrix((np.ones(len(rows), bool), (rows, columns)), shape=shape)
    seen.sum_duplicates()
    seen.sort_indices()
    return seen


def _not_seen(events: Interactions, seen: "csr_matrix") -> int:
    """Count distinct pairs of events that are not in ``seen``: posts of followed people."""
    width = seen.shape[1]
    pairs = np.unique(_keys(events.user, events.post, width))
    there = np.asarray(seen[pairs // width, pairs % width]).ravel() if len(pairs) else pairs
    return int(len(pairs) - np.count_nonzero(there))


def _roots(original: Rows) -> NDArray[np.int64]:
    """Return, for each post, the post that it finally copies; an original is its own."""
    own = np.arange(len(original))
    root = np.where(original >= 0, original, own)
    for _ in range(len(original).bit_length()):  # each step doubles the way; a circle ends too
        root = root[root]
    return root.astype(np.int64)


def _by_counted(pairs: PairRows, excluded: Mask) -> Rows:
    return pairs.right[~excluded[pairs.left]]


def _count(rows: Rows, size: int) -> Rows:
    return np.bincount(rows, minlength=size).astype(np.int32)


def _keys(left: Rows, right: Rows, width: int) -> NDArray[np.int64]:
    return left.astype(np.int64) * width + right
