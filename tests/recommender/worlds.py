"""Small snapshots for the recommender's tests, and its unoptimised twin."""

import numpy as np
from scipy.sparse import csr_matrix

from threads_pipelines.dataset.snapshot import Interactions, Posts, Snapshot, Users

TEXTS = [
    "a sourdough starter needs flour and water",
    "the new engine revs to nine thousand",
    "bread flour and a long rise for sourdough",
    "tuning the engine of an old racing car",
]


AS_OF = 1_700_000_000


def world(
    events: list[tuple[int, int]] | list[tuple[int, int, int, int]],
    n_users: int,
    n_posts: int,
    *,
    timed: bool = True,
    content: list[str] | None = None,
    author: list[int] | None = None,
    followers: list[int] | None = None,
    created_hours_ago: list[float] | None = None,
    candidate: list[bool] | None = None,
    seen: list[tuple[int, int]] | None = None,
) -> Snapshot:
    """Events are (user, post) or (user, post, kind, hours ago)."""
    rows = [(*event, 3, 1)[:4] if len(event) == 2 else event for event in events]
    user, post, kind, ago = (np.array([row[k] for row in rows], dtype=np.int64) for k in range(4))
    pairs = [*zip(user.tolist(), post.tolist(), strict=True), *(seen or [])]
    mask = csr_matrix(
        (np.ones(len(pairs), bool), ([p[0] for p in pairs], [p[1] for p in pairs])),
        shape=(n_users, n_posts),
    )
    mask.sum_duplicates()
    mask.sort_indices()
    created = created_hours_ago or [48.0] * n_posts
    return Snapshot(
        users=Users(
            ids=np.array([f"u{i:03}" for i in range(n_users)], dtype=object),
            followers=np.array(followers or [0] * n_users, dtype=np.int32),
            receives=np.ones(n_users, bool),
        ),
        posts=Posts(
            ids=np.array([f"p{i:03}" for i in range(n_posts)], dtype=object),
            author=np.array(author or [-1] * n_posts, dtype=np.int32),
            created_at=np.array([AS_OF - int(3600 * h) for h in created], dtype=np.int64),
            content=np.array(content or [""] * n_posts, dtype=object),
            candidate=np.array(candidate or [True] * n_posts, dtype=bool),
            likes=np.zeros(n_posts, np.int32),
            comments=np.zeros(n_posts, np.int32),
        ),
        interactions=Interactions(
            user=user.astype(np.int32),
            post=post.astype(np.int32),
            kind=kind.astype(np.int8),
            at=AS_OF - 3600 * ago if timed else np.zeros(len(rows), np.int64),
        ),
        seen=mask,
        as_of=AS_OF,
        timed=timed,
    )


def random_world(
    seed: int, n_users: int, n_posts: int, n_events: int, timed: bool = True
) -> Snapshot:
    """Events at random, in every type, over ten days."""
    rng = np.random.default_rng(seed)
    events = [
        (int(u), int(p), int(k), int(h))
        for u, p, k, h in zip(
            rng.integers(n_users, size=n_events),
            rng.integers(n_posts, size=n_events),
            rng.integers(4, size=n_events),
            rng.integers(240, size=n_events),
            strict=True,
        )
    ]
    return world(
        events,
        n_users,
        n_posts,
        author=rng.integers(-1, n_users, size=n_posts).tolist(),
        candidate=(rng.random(n_posts) < 0.9).tolist(),
        timed=timed,
    )
