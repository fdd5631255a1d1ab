"""The fitted model: everything that scoring needs, typed, without a reference to the snapshot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows, ranked_rows
from threads_pipelines.errors import DataError
from threads_pipelines.recommender.flat_keys import ARRAYS
from threads_pipelines.recommender.kernels.parallel import in_blocks
from threads_pipelines.recommender.knn.neighbours import nearest_rows
from threads_pipelines.recommender.knn.people import SearchedPeople
from threads_pipelines.recommender.model_checks import check_model
from threads_pipelines.recommender.ranking.rank_posts import PostFacts, rank_posts
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import NO_VALUES, SparseRows
from threads_pipelines.recommender.spectral import SpectralView, no_view

_BLOCK = 128
"""Users that one thread scores at a time."""


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted recommender. Users and posts keep the rows of the snapshot that it was fitted on.

    user_ids, post_ids: (n_users,) and (n_posts,) str.
    receives: (n_users,) bool, who is given a feed.
    history: for each user the posts and what each is worth in the user's profile.
    people: the people among whom neighbours are sought, and their votes.
    spectral: the global view.
    similar_posts, similar_texts: for each post the similar ones; posts that may be recommended.
    seen, own: for each user posts that the user may not get.
    posts: what a post has for everybody.
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

    @property
    def n_users(self) -> int:
        """Users that the model knows."""
        return len(self.user_ids)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything but the settings by dotted name, for an npz; ids are object arrays."""
        return {
            name: array
            for field in _FIELDS
            for name, array in _flattened(field, getattr(self, field))
        }

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[Any]], settings: RecommenderSettings
    ) -> "Model":
        """Rebuild a model from the arrays of ``to_arrays``, of this release or the one before.

        Raises DataError where an array is missing, or does not fit the others.
        """
        try:
            model = cls._assembled(arrays, settings)
        except KeyError as error:
            raise DataError(f"the model lacks {error}: train the model again") from error
        check_model(model)
        return model

    @classmethod
    def _assembled(
        cls, arrays: Mapping[str, NDArray[Any]], settings: RecommenderSettings
    ) -> "Model":
        named = {ARRAYS.get(name, name): array for name, array in arrays.items()}
        named.setdefault("posts.newcomer_score", named["posts.popularity_boost"])
        similar_posts, similar_texts, seen, own = (
            _rows(named, part) for part in ("similar_posts", "similar_texts", "seen", "own")
        )
        return cls(
            settings,
            named["user_ids"],
            named["post_ids"],
            named["receives"],
            _rows(named, "history"),
            SearchedPeople(
                named["people.user"],
                named["people.post_scale"],
                named["people.scale"],
                _rows(named, "people.votes"),
                _rows(named, "people.audience"),
            ),
            _view(named),
            similar_posts,
            similar_texts,
            seen,
            own,
            PostFacts(*(named[f"posts.{name}"] for name in PostFacts._fields)),
        )

    def recommend(self, users: NDArray[np.integer[Any]] | slice, top_k: int) -> ScoredRows:
        """Rank the ``top_k`` best posts for each user, without seen and own ones.

        Args:
            users: distinct rows in ``Users``; the result is in their order.
            top_k: posts for each user, at least 1.

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
                self.spectral, min(view.candidates, len(self.post_ids)),
                settings.newcomers.personal_after,
                settings.feed.author_cap, settings.feed.fresh_every, shares,
                post[block], score[block], reason[block], evidence[block], count[block],
            )  # fmt: skip

        in_blocks(work, n, _BLOCK)
        return ranked_rows(rows, post, score, reason, evidence, count)


_FIELDS = [name for name in Model.__dataclass_fields__ if name != "settings"]


def _flattened(name: str, value: Any) -> Iterator[tuple[str, NDArray[Any]]]:
    if isinstance(value, tuple):
        for field, inner in value._asdict().items():  # type: ignore[attr-defined]  # named tuples
            yield from _flattened(f"{name}.{field}", inner)
    else:
        yield name, value


def _view(named: Mapping[str, NDArray[Any]]) -> SpectralView:
    if "spectral.factors" not in named:
        return no_view(len(named["post_ids"]))
    return SpectralView(*(named[f"spectral.{name}"] for name in SpectralView._fields))


def _rows(named: Mapping[str, NDArray[Any]], part: str) -> SparseRows:
    start, item = named[f"{part}.start"], named[f"{part}.item"]
    return SparseRows(start, item, named.get(f"{part}.value", NO_VALUES))


def recommend_chunks(
    model: Model, top_k: int, chunk: int = 8192, users: NDArray[np.integer[Any]] | None = None
) -> Iterator[ScoredRows]:
    """Score ``users`` (default: those who receive a feed), ``chunk`` of them at a time."""
    rows = np.flatnonzero(model.receives) if users is None else users
    for low in range(0, len(rows), chunk):
        yield model.recommend(rows[low : low + chunk], top_k)
