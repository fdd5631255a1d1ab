"""Makes original posts from given texts, and reposts in the app's format."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.identity import stable_id
from threads_pipelines.population.behaviour.encounters import Encounters

Rows = NDArray[np.int32]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SyntheticPosts:
    """Rows of ``post``: the originals in the order of their texts, then the reposts.

    Attributes:
        id: (n,) S36.
        author: (n,) int32 row of the author.
        topic: (n,) int32 position in the topics.
        at: (n,) epoch ms.
        content: (n,) str.
        original: (n,) int32 row of the original post; -1 for an original.
    """

    id: NDArray[np.bytes_]
    author: Rows
    topic: Rows
    at: Times
    content: NDArray[np.object_]
    original: Rows

    def __len__(self) -> int:
        """Number of posts."""
        return len(self.id)


def post_id(run_key: str, index: int) -> str:
    """Return the id of an original post; the catalogue of topics uses it as well.

    Args:
        run_key: The run key.
        index: Number of the post, from 0.

    Returns:
        A UUID in lower case.
    """
    return stable_id("post", run_key, index)


def make_posts(
    run_key: str,
    texts: Sequence[str],
    topic: Rows,
    author: Rows,
    met: Encounters,
    reposts: int,
    now_ms: int,
    rng: np.random.Generator,
) -> SyntheticPosts:
    """Make the posts; some encounters create a repost seconds later.

    The app copies the content of a repost into a new post, and writes no interaction.

    Args:
        run_key: The run key.
        texts: Content of each original post.
        topic: (n_posts,) topic of each original post.
        author: (n_posts,) author of each original post.
        met: The encounters.
        reposts: Number of reposts.
        now_ms: Epoch ms; nothing happens later.
        rng: Source of randomness.

    Returns:
        The posts.
    """
    chosen = np.sort(rng.choice(len(met.user), min(reposts, len(met.user)), replace=False))
    again_at = met.at[chosen] + rng.integers(5_000, 60_000, len(chosen))
    chosen, again_at = chosen[again_at <= now_ms], again_at[again_at <= now_ms]
    original = met.post[chosen]
    ids = [post_id(run_key, index) for index in range(len(texts))]
    ids += [stable_id("repost", run_key, index) for index in range(len(chosen))]
    content = np.array(list(texts), dtype=object)
    return SyntheticPosts(
        id=np.array(ids, "S36"),
        author=np.append(author, met.user[chosen]),
        topic=np.append(topic, topic[original]),
        at=np.append(met.born_at, again_at),
        content=np.append(content, content[original]),
        original=np.append(np.full(len(texts), -1, np.int32), original),
    )
