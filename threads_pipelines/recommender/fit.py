"""Fits a model to a snapshot, with a cache for fits under many settings."""

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.component_settings import (
    EventSettings,
    SimilarPeopleSettings,
    SpectralSettings,
)
from threads_pipelines.recommender.kernels.merging import group_by
from threads_pipelines.recommender.knn.people import SearchedPeople, no_people, people_of
from threads_pipelines.recommender.knn.similar_posts import similar_posts
from threads_pipelines.recommender.knn.similar_texts import similar_texts
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.pairs import Pairs, pairs_of, profiles
from threads_pipelines.recommender.ranking.popularity import post_facts
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import NO_VALUES, SparseRows, no_rows
from threads_pipelines.recommender.spectral import no_view, spectral_factors, spectral_view

_KEPT = 3
"""Fits of each component that a ``Fitter`` remembers."""

Part = TypeVar("Part")
Progress = Callable[[str], None]


class Fitter:
    """Fits one snapshot under many settings, and reuses the parts whose settings did not change.

    A component receives only the groups of settings that form its cache key, so it cannot read a
    setting that is missing from the key.

    Args:
        snapshot: The data to learn from.
        seed: Seed of the sample of people who are searched for neighbours. It has an effect only
            where searching all of them is too expensive.
        progress: Called with one sentence when a component starts.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        seed: int = 0,
        progress: Progress | None = None,
        trust: NDArray[np.float32] = NO_VALUES,
    ) -> None:
        self.snapshot, self._seed, self._trust = snapshot, seed, trust
        self._say = progress or (lambda _: None)
        self._kept: dict[str, list[tuple[tuple[BaseModel, ...], Any]]] = {}
        self._own = SparseRows(*group_by(snapshot.posts.author, len(snapshot.users.ids)), NO_VALUES)

    def fit(self, settings: RecommenderSettings) -> Model:
        """Fit all components of the model.

        Args:
            settings: The settings of every component.

        Returns:
            The fitted model.

        Raises:
            ConfigurationError: ``linear_regularisation`` is too small for these data.
        """
        snapshot, events, blend = self.snapshot, settings.events, settings.blend
        candidate = snapshot.posts.candidate
        pairs = self._once(
            "merging events into pairs",
            lambda group: pairs_of(snapshot, group, self._trust),
            events,
        )
        n_posts = len(candidate)
        posts = texts = no_rows(n_posts)
        people = no_people(n_posts)
        if blend.people_share < 1:
            posts = self._once(
                "finding similar posts",
                lambda _, group: similar_posts(pairs, group, candidate),
                events,
                settings.similar_posts,
            )
        if blend.text_weight > 0:
            texts = self._once(
                "comparing texts",
                lambda _, group: similar_texts(snapshot, pairs, group),
                events,
                settings.similar_texts,
            )
        if blend.people_share > 0 and settings.similar_people.neighbours > 0:
            people = self._once(
                "preparing the search for similar people",
                lambda events, group: self._people(pairs, events, group),
                events,
                settings.similar_people,
            )
        view = no_view(n_posts)
        if settings.spectral.share > 0:
            factors = self._once(
                "computing the spectral view",
                lambda _, group: spectral_factors(pairs, group.rank),
                events,
                SpectralSettings(rank=settings.spectral.rank),  # the rest is applied below
            )
            view = spectral_view(pairs, factors, settings.spectral.damping, candidate)
        return Model(
            settings=settings,
            user_ids=snapshot.users.ids,
            post_ids=snapshot.posts.ids,
            receives=snapshot.users.receives,
            history=SparseRows(
                pairs.user_start,
                pairs.user_post,
                profiles(pairs, blend.profile_half_life_hours),
            ),
            people=people,
            spectral=view,
            similar_posts=posts,
            similar_texts=texts,
            seen=SparseRows(
                snapshot.seen.indptr.astype(np.int64),
                snapshot.seen.indices.astype(np.int32, copy=False),
                NO_VALUES,
            ),
            own=self._own,
            posts=post_facts(snapshot, pairs, settings.popularity, blend, settings.newcomers),
        )

    def _people(
        self, pairs: Pairs, events: EventSettings, settings: SimilarPeopleSettings
    ) -> SearchedPeople:
        rng = np.random.default_rng(self._seed)
        return people_of(pairs, events, settings, self.snapshot.posts.candidate, rng)

    def _once(self, name: str, make: Callable[..., Part], *groups: BaseModel) -> Part:
        """Return ``make(*groups)``; the values for the last few groups are cached."""
        kept = self._kept.setdefault(name, [])
        for known, part in kept:
            if known == groups:
                return part  # type: ignore[no-any-return]  # each name has one type of part
        self._say(name)
        kept.append((groups, make(*groups)))
        del kept[:-_KEPT]
        return kept[-1][1]  # type: ignore[no-any-return]


def fit(
    snapshot: Snapshot,
    settings: RecommenderSettings,
    *,
    seed: int = 0,
    progress: Progress | None = None,
    trust: NDArray[np.float32] = NO_VALUES,
) -> Model:
    """Fit the recommender to a snapshot.

    Args:
        snapshot: The data to learn from.
        settings: The settings of every component.
        seed: Seed of the sample of people who are searched for neighbours. It has an effect only
            where searching all of them is too expensive.
        progress: Called with one sentence when a component starts.
        trust: (n_events,) float32 in [0, 1], what each event counts for other people; (0,) if all
            count alike.

    Returns:
        The fitted model.

    Raises:
        ConfigurationError: ``linear_regularisation`` is too small for these data.
    """
    return Fitter(snapshot, seed, progress, trust).fit(settings)
