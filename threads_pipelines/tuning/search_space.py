"""The values that the search tries from its best start, in order of their effect."""

from typing import Any

import numpy as np

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.component_settings import InteractionWeights
from threads_pipelines.tuning.search import Search
from threads_pipelines.tuning.starts import least_half_life, spectral_view

Change = dict[str, Any]
_HOURS = (0.5, 1.0, 2.0, 4.0, 12.0, 36.0, 24.0 * 5, 24.0 * 15, 24.0 * 60, 24.0 * 240)
SHARES = (0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0)
_CHEAP = 4000
"""Posts up to which more than one penalty of the linear model is affordable."""

_PENALTIES = (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
_PEOPLE_PRESETS = ((0.0, 2.0), (0.15, 1.0), (0.15, 3.0), (0.3, 2.0), (0.5, 3.0))
EXPONENTS = (-0.2, -0.1, 0.0, 0.1, 0.17, 0.25, 0.35, 0.5, 0.7, 1.0)
_POST_PRESETS: tuple[Change, ...] = tuple(
    {
        "similar_posts.user_damping": a,
        "similar_posts.source_damping": b1,
        "similar_posts.target_damping": b2,
        "similar_posts.power": q,
    }
    for a, b1, b2, q in (
        (0.5, 0.3, 0.45, 0.6),
        (0.6, 0.4, 0.5, 0.7),
        (0.5, 0.5, 0.5, 1.0),
        (0.3, 0.4, 0.6, 1.0),
    )
)


def hours_of(snapshot: Snapshot, least: float = 0.0) -> tuple[float | None, ...]:
    """List the half-lives worth trying.

    Args:
        snapshot: The data; half-lives longer than their time span are left out.
        least: Shortest half-life in hours.

    Returns:
        Half-lives in hours, ascending, then None for no decay.
    """
    at = snapshot.interactions.at
    span = float(at.max() - at.min()) / 3600
    return (*(hours for hours in _HOURS if least <= hours < span), None)


def explore(search: Search, snapshot: Snapshot, split: Split, timed: bool) -> None:
    """Run all stages of the search that apply to this snapshot.

    Args:
        search: The search, already started; it is changed.
        snapshot: The data.
        split: The first validation set.
        timed: Whether the folds are split by time, so that half-lives can be tried.
    """
    hours = hours_of(snapshot, least_half_life(split)) if timed else (None,)
    if search.best.similar_posts.model == "linear" and len(snapshot.posts.ids) <= _CHEAP:
        search.climb("similar_posts.linear_regularisation", _PENALTIES)
    if timed:
        search.climb("popularity.half_life_hours", hours)
    search.climb("popularity.exponent", EXPONENTS)
    search.climb("blend.people_share", SHARES)
    if timed:
        search.climb("similar_people.vote_half_life_hours", hours)
        search.climb("blend.profile_half_life_hours", hours)
    if search.best.similar_posts.model == "cosine":
        search.climb("similar_posts.neighbours", (20, 50, 100, 300, 1000))
        for preset in _POST_PRESETS:
            search.change(preset)
    for damping, power in _PEOPLE_PRESETS:
        search.change({"similar_people.damping": damping, "similar_people.power": power})
    search.climb("similar_people.neighbours", (20, 50, 100, 200, 500))
    if search.best.spectral.share > 0:
        search.climb("spectral.damping", (0.0, 0.1, 0.2, 0.3, 0.4, 0.5))
        search.climb("spectral.share", SHARES)
        search.change({"spectral.rank": search.best.spectral.rank // 2})
        search.climb("blend.people_share", SHARES)
    else:
        search.change(spectral_view(snapshot))
    if timed:
        search.climb("popularity.half_life_hours", hours)
    search.climb("popularity.exponent", EXPONENTS)
    search.climb("blend.floor", (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0))
    if any(text.strip() for text in snapshot.posts.content):
        search.change({"similar_texts.for_all": True})
        search.climb("blend.text_weight", (0.0, 0.05, 0.1, 0.2, 0.4, 0.8))
    if _blind(snapshot):
        search.change({"feed.fresh_every": 0})
    if len(np.unique(snapshot.interactions.kind)) > 1:
        search.change({"events.weights": InteractionWeights(view=1, click=1, like=1, share=1)})
        search.change({"events.weights": InteractionWeights(view=1, click=1.5, like=2, share=3)})
        search.change({"events.weights": InteractionWeights(view=1, click=2, like=5, share=10)})


def _blind(snapshot: Snapshot) -> bool:
    """Return whether nothing is known about posts without interactions: no author, time or text."""
    posts = snapshot.posts
    known = (posts.author >= 0) | (posts.created_at >= 0)
    return not known.any() and not any(text.strip() for text in posts.content)
