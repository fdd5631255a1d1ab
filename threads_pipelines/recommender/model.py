"""The fitted model: typed arrays with everything that scoring needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows, ranked_rows
from threads_pipelines.errors import DataError
from threads_pipelines.recommender.kernels.parallel import in_blocks
from threads_pipelines.recommender.knn.neighbours import nearest_rows
from threads_pipelines.recommender.knn.people import SearchedPeople
from threads_pipelines.recommender.model_arrays import flatten, model_parts
from threads_pipelines.recommender.model_checks import check_model
from threads_pipelines.recommender.ranking.candidates import SharedOrders, shared_orders
from threads_pipelines.recommender.ranking.post_facts import PostFacts
from threads_pipelines.recommender.ranking.rank_posts import rank_posts
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import SparseRows
from threads_pipelines.recommender.spectral import SpectralView

_BLOCK, _LARGE_BLOCK = 128, 1024
"""Users that one thread scores at a time: more where there are many posts, as a block's scratch
memory grows with the posts and takes time to make."""
FEW = 0.1
"""Share of the posts that a user's lists may reach for the other posts not to be scored."""


@dataclass(frozen=True)
class Model:
    """A fitted recommender. Users and posts have the rows of the snapshot that it was fitted on.

    Attributes:
        settings: The settings of every component.
        user_ids: (n_users,) str.
        post_ids: (n_posts,) str.
        receives: (n_users,) bool, users who get a feed.
        history: The posts of each user with their weight in the user's profile.
        people: The people who are searched for neighbours, and their votes.
        spectral: The singular vectors of the spectral view.
        similar_posts: For each post, candidates that the same people acted on.
        similar_texts: For each post, candidates with a similar text.
        seen: The posts that each user has seen; they are never recommended to that user.
        own: The posts that each user has written; they are never recommended to that user.
        posts: Properties of each post that are the same for every user.
    """

    settings: RecommenderSettings
    user_ids: NDArray[np.object_]
    post_ids: NDArray[np.object_]
    receives: NDArray[np.bool_]
    history: SparseRows
    people: SearchedPeople
    spectral: SpectralView
    similar_posts: SparseRows
    similar_texts: SparseRows
    seen: SparseRows
    own: SparseRows
    posts: PostFacts

    @cached_property
    def orders(self) -> SharedOrders:
        """The posts by their properties, sorted once for every user and every shard."""
        return shared_orders(self.posts)

    @property
    def n_users(self) -> int:
        """Users that the model knows."""
        return len(self.user_ids)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Flatten the model for an npz file. The settings are not included.

        Returns:
            Arrays by dotted name, such as ``history.start``; ids are object arrays.
        """
        named = {field: getattr(self, field) for field in self.__dataclass_fields__}
        del named["settings"]
        return flatten(named)

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], settings: RecommenderSettings
    ) -> "Model":
        """Rebuild a model from the arrays of ``to_arrays``, of this release or the one before.

        Args:
            arrays: Arrays by name.
            settings: The settings that the model was fitted with.

        Returns:
            The model, after ``check_model``.

        Raises:
            DataError: An array is missing or does not fit the others.
        """
        try:
            model = cls(settings, **model_parts(arrays))
        except KeyError as error:
            raise DataError(f"the model lacks {error}: train the model again") from error
        check_model(model)
        return model

    def recommend(self, users: NDArray[np.integer[Any]] | slice, top_k: int) -> ScoredRows:
        """Rank the best posts for each user, without posts that the user has seen or written.

        Args:
            users: Distinct rows in ``Users``; the result has their order.
            top_k: Posts for each user, at least 1.

        Returns:
            min(top_k, posts left) rows for each user.
        """
        rows = np.arange(self.n_users)[users].astype(np.int64)
        n, settings, people = len(rows), self.settings, self.people
        top = min(top_k, len(self.post_ids))
        post = np.empty((n, top), np.int32)
        score = np.zeros((n, top), np.float32)
        reason = np.zeros((n, top), np.int8)
        evidence = np.zeros((n, top), np.int32)
        count = np.zeros(n, np.int32)
        most = min(settings.similar_people.neighbours, len(people.user))
        blend = settings.blend
        view, local = settings.spectral, 1 - settings.spectral.share
        people_share, post_share = blend.people_share * local, (1 - blend.people_share) * local
        shares = np.array([people_share, post_share, blend.text_weight, view.share], np.float32)
        place = np.searchsorted(people.user, rows)
        own_place = np.where(np.append(people.user, -1)[place] == rows, place, -1)

        def work(low: int, high: int) -> None:
            block = slice(low, high)
            neighbour = np.empty((high - low, most), np.int32)
            similarity = np.zeros((high - low, most), np.float32)
            found = np.zeros(high - low, np.int32)
            if most:
                nearest_rows(
                    rows[block], self.history, people.audience, people.post_scale, people.scale,
                    own_place[block], neighbour, similarity, found,
                )  # fmt: skip
                power = np.float32(settings.similar_people.power)
                np.power(similarity, power, out=similarity)
            rank_posts(
                rows[block], self.history, people.votes, neighbour, similarity, found,
                self.similar_posts, self.similar_texts, self.seen, self.own, self.posts,
                self.orders, FEW, self.spectral, min(view.candidates, len(self.post_ids)),
                settings.newcomers.share,
                settings.feed.author_cap, settings.feed.fresh_every, shares,
                post[block], score[block], reason[block], evidence[block], count[block],
            )  # fmt: skip

        in_blocks(work, n, min(max(_BLOCK, len(self.post_ids) // 500), _LARGE_BLOCK))
        return ranked_rows(rows, post, score, reason, evidence, count)


def recommend_chunks(
    model: Model, top_k: int, chunk: int = 8192, users: NDArray[np.integer[Any]] | None = None
) -> Iterator[ScoredRows]:
    """Rank posts for many users in chunks, so that memory is bounded.

    Args:
        model: The fitted model.
        top_k: Posts for each user, at least 1.
        chunk: Users in a chunk.
        users: Rows in ``Users``. Default: all users who get a feed.

    Yields:
        The rows of one chunk of users.
    """
    rows = np.flatnonzero(model.receives) if users is None else users
    for low in range(0, len(rows), chunk):
        yield model.recommend(rows[low : low + chunk], top_k)
