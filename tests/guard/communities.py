"""A feed of communities: people of one act on its posts, as people of a real app do."""

import numpy as np

from tests.recommender.worlds import world
from threads_pipelines.dataset.snapshot import Snapshot


def communities(
    seed: int = 0, *, groups: int = 8, people: int = 120, posts: int = 40, acts: int = 12
) -> Snapshot:
    """``groups`` communities whose people act on ``acts`` posts, four of five in their own."""
    rng = np.random.default_rng(seed)
    n_users, n_posts = groups * people, groups * posts
    popularity = np.arange(1, posts + 1) ** -0.7
    popularity /= popularity.sum()
    events = set()
    for user in range(n_users):
        for _ in range(acts):
            group = user // people if rng.random() < 0.8 else int(rng.integers(groups))
            post = group * posts + int(rng.choice(posts, p=popularity))
            events.add((user, post, 3, int(rng.integers(1, 24 * 10))))
    return world(sorted(events), n_users, n_posts)
