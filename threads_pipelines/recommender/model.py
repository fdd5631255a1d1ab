"""The fitted model: everything that scoring needs, as plain arrays."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows, ranked_rows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.arrays import model_arrays
from threads_pipelines.recommender.kernels.parallel import in_blocks
from threads_pipelines.recommender.knn.neighbours import Lists, nearest_rows
from threads_pipelines.recommender.knn.similar_posts import (
    LINEAR_LIMIT,
    Neighbours,
    cosine_posts,
    linear_posts,
)
from threads_pipelines.recommender.knn.similar_texts import similar_texts
from threads_pipelines.recommender.pairs import NONE, Pairs, pairs_of
from threads_pipelines.recommender.ranking.rank_posts import PostFacts, rank_posts
from threads_pipelines.recommender.settings import RecommenderSettings

_BLOCK = 128
"""Users that one thread scores at a time."""

_KEPT = 3
"""Fits of each part that a ``Fitter`` remembers."""

_PAIR_FIELDS = {"weights", "repeat_gain", "exact_reads", "history_cap"}
_NEAR_FIELDS = _PAIR_FIELDS | {
    *(name for name in RecommenderSettings.model_fields if name.startswith(("post_", "linear_"))),
}
_TEXT_FIELDS = {"weights", "content_neighbours", "content_for_all"}


@dataclass(frozen=True, slots=True)
class Model:
    """A fitted recommender: settings and arrays, no reference to the snapshot.

    Users and posts keep the rows of the snapshot that it was fitted on.
    """

    settings: RecommenderSettings
    arrays: dict[str, NDArray[Any]]

    @property
    def n_users(self) -> int:
        """Users that the model knows."""
        return len(self.arrays["user_ids"])

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but the settings, for an npz; ids are object arrays of str."""
        return dict(self.arrays)

    @classmethod
    def from_arrays(cls, arrays: dict[str, NDArray[Any]], settings: RecommenderSettings) -> "Model":
        """Rebuild what ``to_arrays`` gave."""
        return cls(settings, dict(arrays))

    def recommend(self, users: NDArray[np.integer[Any]] | slice, top_k: int) -> ScoredRows:
        """Rank the ``top_k`` best posts for each user, without seen and own ones.

        users: rows in ``Users``, distinct; the result is in their order. Everybody gets
        min(top_k, posts left) rows.
        """
        rows = np.arange(self.n_users)[users].astype(np.int64)
        n, a, s = len(rows), self.arrays, self.settings
        top = min(top_k, len(a["boost"]))
        post = np.empty((n, top), np.int32)
        score = np.zeros((n, top), np.float32)
        reason = np.zeros((n, top), np.int8)
        evidence = np.zeros((n, top), np.int32)
        count = np.zeros(n, np.int32)
        most = min(s.people_neighbours, len(a["pool_user"]))
        shares = np.array([s.people_share, 1 - s.people_share, s.content_weight], np.float32)
        pool = a["pool_user"]
        place = np.searchsorted(pool, rows)
        own = np.where(np.append(pool, -1)[place] == rows, place, -1)

        history = Lists(a["user_start"], a["user_post"], a["profile"])
        audience = Lists(a["audience_start"], a["audience"], a["audience_value"])
        pool_lists = Lists(a["pool_start"], a["pool_post"], a["pool_vote"])
        near = Lists(a["near_start"], a["near_post"], a["near_value"])
        text = Lists(a["text_start"], a["text_post"], a["text_value"])
        seen_posts = Lists(a["seen_start"], a["seen_post"], NONE)
        own_posts = Lists(a["own_start"], a["own_post"], NONE)
        facts = PostFacts(a["boost"], a["base"], a["lately"], a["author"], a["untouched"])

        def work(low: int, high: int) -> None:
            block = slice(low, high)
            neighbour = np.empty((high - low, most), np.int32)
            similarity = np.zeros((high - low, most), np.float32)
            found = np.zeros(high - low, np.int32)
            if most:
                nearest_rows(
                    rows[block], history, audience, a["post_scale"], a["pool_scale"], own[block],
                    neighbour, similarity, found,
                )  # fmt: skip
                np.power(similarity, np.float32(s.people_power), out=similarity)
            rank_posts(
                rows[block], history, pool_lists, neighbour, similarity, found, near, text,
                seen_posts, own_posts, facts, s.author_cap, s.fresh_every, shares,
                post[block], score[block], reason[block], evidence[block], count[block],
            )  # fmt: skip

        in_blocks(work, n, _BLOCK)
        return ranked_rows(rows, post, score, reason, evidence, count)


def recommend_chunks(
    model: Model, top_k: int, chunk: int = 8192, users: NDArray[np.integer[Any]] | None = None
) -> Iterator[ScoredRows]:
    """Score ``users`` (default: those who receive a feed) a chunk at a time."""
    rows = np.flatnonzero(model.arrays["receives"]) if users is None else users
    for low in range(0, len(rows), chunk):
        yield model.recommend(rows[low : low + chunk], top_k)


class Fitter:
    """Fits one snapshot under many settings; what does not change between them is kept."""

    def __init__(
        self, snapshot: Snapshot, seed: int = 0, progress: Callable[[str], None] | None = None
    ) -> None:
        self.snapshot, self._seed = snapshot, seed
        self._say = progress or (lambda _: None)
        self._kept: dict[str, list[tuple[str, Any]]] = {}

    def fit(self, settings: RecommenderSettings) -> Model:
        """Learn similarities and popularity."""
        pairs = self._once("pairs", settings, _PAIR_FIELDS, self._pairs)
        rng = np.random.default_rng(self._seed)
        none = Neighbours.none(len(pairs.post_degree))
        near = text = none
        if settings.people_share < 1:
            near = self._once("near", settings, _NEAR_FIELDS, lambda s: self._near(pairs, s))
        if settings.content_weight > 0:
            text = self._once("text", settings, _TEXT_FIELDS, lambda s: self._texts(pairs, s))
        return Model(settings, model_arrays(self.snapshot, pairs, near, text, settings, rng))

    def _once(
        self,
        part: str,
        settings: RecommenderSettings,
        names: set[str],
        make: Callable[[RecommenderSettings], Any],
    ) -> Any:
        """What ``make`` gives, remembered for the last few values of the settings it reads."""
        key = settings.model_dump_json(include=names)
        kept = self._kept.setdefault(part, [])
        for known, value in kept:
            if known == key:
                return value
        kept.append((key, make(settings)))
        del kept[:-_KEPT]
        return kept[-1][1]

    def _pairs(self, settings: RecommenderSettings) -> Pairs:
        self._say("merging events into pairs")
        return pairs_of(self.snapshot, settings)

    def _near(self, pairs: Pairs, settings: RecommenderSettings) -> Neighbours:
        self._say("finding similar posts")
        candidate = self.snapshot.posts.candidate
        if settings.post_model == "linear" and len(pairs.post_degree) <= LINEAR_LIMIT:
            return linear_posts(pairs, settings, candidate)
        return cosine_posts(pairs, settings, candidate)

    def _texts(self, pairs: Pairs, settings: RecommenderSettings) -> Neighbours:
        self._say("comparing texts")
        return similar_texts(self.snapshot, pairs, settings)


def fit(
    snapshot: Snapshot,
    settings: RecommenderSettings,
    *,
    seed: int = 0,
    progress: Callable[[str], None] | None = None,
) -> Model:
    """Learn similarities and popularity from a snapshot.

    seed draws the people among whom neighbours are sought, where there are too many to search all.
    """
    return Fitter(snapshot, seed, progress).fit(settings)
