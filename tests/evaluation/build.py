"""Small snapshots for the tests of the rooms that read one."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from threads_pipelines.dataset.snapshot import (
    INTERACTION_TYPES,
    Interactions,
    Posts,
    Snapshot,
    Users,
)

Event = tuple[int, int, int] | tuple[int, int, int, str]


def snapshot(
    events: Sequence[Event],
    n_users: int,
    n_posts: int,
    *,
    as_of: int = 1_000_000,
    author: Sequence[int] | None = None,
    created_at: Sequence[int] | None = None,
    candidate: Sequence[bool] | None = None,
    likes: Sequence[int] | None = None,
    comments: Sequence[int] | None = None,
    seen: Sequence[tuple[int, int]] = (),
    timed: bool = True,
) -> Snapshot:
    """A snapshot of (user, post, at[, type]) events; ``seen`` adds to the pairs of the events."""
    user, post, at = (np.array([event[i] for event in events]) for i in range(3))
    kind = [INTERACTION_TYPES.index(event[3]) if len(event) > 3 else 1 for event in events]
    pairs = {(event[0], event[1]) for event in events} | set(seen)
    matrix = np.zeros((n_users, n_posts), bool)
    for row, column in pairs:
        matrix[row, column] = True

    def rows(values: Sequence[int] | None, default: int) -> np.ndarray:
        return np.array([default] * n_posts if values is None else values, np.int32)

    return Snapshot(
        users=Users(
            ids=np.array([f"u{i:03}" for i in range(n_users)], object),
            followers=np.zeros(n_users, np.int32),
            receives=np.ones(n_users, bool),
        ),
        posts=Posts(
            ids=np.array([f"p{i:03}" for i in range(n_posts)], object),
            author=rows(author, -1),
            created_at=rows(created_at, -1).astype(np.int64),
            content=np.array([""] * n_posts, object),
            candidate=np.array([True] * n_posts if candidate is None else candidate, bool),
            likes=rows(likes, 0),
            comments=rows(comments, 0),
        ),
        interactions=Interactions(
            user=user.astype(np.int32),
            post=post.astype(np.int32),
            kind=np.array(kind, np.int8),
            at=at.astype(np.int64),
        ),
        seen=csr_matrix(matrix),
        as_of=as_of,
        timed=timed,
    )
