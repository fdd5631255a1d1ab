"""The values that the search tries, in order of their effect."""

from typing import Any

import numpy as np

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.component_settings import InteractionWeights
from threads_pipelines.recommender.knn.similar_posts import LINEAR_LIMIT
from threads_pipelines.recommender.presets import PACES, WIDE
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.search import Search

Change = dict[str, Any]
CHEAP_LINEAR = 4000
"""Posts up to which more than one penalty of the linear model is affordable."""

LEAST_HALF_LIFE = 1 / 48
"""Shortest half-life worth trying, as a share of the time that is to be foretold.

What was asked for an hour ago tells much about a day of a feed, and nothing about the next month of
a slow catalogue; there a short half-life can only fit the few people who came in the end.
"""

DENSE = 20
"""Events a post from which a larger linear model may pay for its cost, the cube of the posts."""

_HOURS = (0.5, 1.0, 2.0, 4.0, 12.0, 36.0, 24.0 * 5, 24.0 * 15, 24.0 * 60, 24.0 * 240)
SHARES = (0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
_RANKS = (32, 64, 128, 256, 512)
_MOST_PROJECTED = 4.2e8
"""Products of events and singular vectors up to which a rank is tried."""
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
        (0.5, 0.25, 0.4, 0.5),
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


def explore(search: Search, snapshot: Snapshot, timed: bool) -> None:
    """Run all stages of the search that apply to this snapshot.

    Args:
        search: The search, already started; it is changed.
        snapshot: The data.
        timed: Whether the folds are split by time, so that half-lives can be tried.
    """
    split = search.folds[0].split
    least = LEAST_HALF_LIFE * ((split.until or 0) - (split.cut or 0)) / 3600
    hours = hours_of(snapshot, least) if timed else (None,)
    paces = {
        name: settings
        for name, settings in PACES.items()
        if timed and (settings.popularity.half_life_hours or 0) >= least
    }
    for name, settings in paces.items():
        search.attempt(name, settings)
    for name, changes in WIDE.items():
        search.attempt(name, RecommenderSettings().changed(changes))
        for pace, settings in paces.items():
            changes = {k: v for k, v in changes.items() if k != "popularity.exponent"}
            search.attempt(f"{name}, {pace}", settings.changed(changes))
    _try_global(search, snapshot)
    if _affords_linear(snapshot):
        _try_linear(search, paces, len(snapshot.posts.ids) <= CHEAP_LINEAR)
    if timed:
        search.climb("popularity.half_life_hours", hours)
    search.climb("popularity.exponent", EXPONENTS)
    search.climb("blend.people_share", SHARES)
    if timed:
        search.climb("similar_people.vote_half_life_hours", hours)
        search.climb("blend.profile_half_life_hours", hours)
    if search.best.similar_posts.model == "cosine":
        for preset in _POST_PRESETS:
            search.change(preset)
        search.climb("similar_posts.neighbours", (20, 50, 100, 300, 1000))
    for damping, power in (
        (0.0, 2.0),
        (0.15, 1.0),
        (0.15, 3.0),
        (0.3, 2.0),
        (0.5, 1.0),
        (0.5, 3.0),
    ):
        search.change({"similar_people.damping": damping, "similar_people.power": power})
    search.climb("similar_people.neighbours", (20, 50, 100, 200, 500))
    if timed:
        search.climb("popularity.half_life_hours", hours)
    search.climb("blend.people_share", SHARES)
    search.climb("popularity.exponent", EXPONENTS)
    if search.best.spectral.share > 0:
        search.climb("spectral.share", SHARES)
        search.climb("spectral.damping", (0.0, 0.15, 0.25, 0.35, 0.5))
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


def _try_global(search: Search, snapshot: Snapshot) -> None:
    """Try the spectral view with the largest rank that is affordable for these data."""
    ranks = tuple(r for r in _RANKS if r * len(snapshot.interactions) <= _MOST_PROJECTED)
    rank = max(ranks, default=_RANKS[0])
    for share in (0.5, 0.7):
        for damping in (0.0, 0.25):
            view = {"spectral.share": share, "spectral.rank": rank, "spectral.damping": damping}
            search.change(view)
            # Its scores lean to popular posts by themselves.
            search.change({**view, "popularity.exponent": 0.0})
    if search.best.spectral.share > 0:
        search.climb("spectral.share", SHARES)


def _blind(snapshot: Snapshot) -> bool:
    """Return whether nothing is known about posts without interactions: no author, time or text."""
    posts = snapshot.posts
    known = (posts.author >= 0) | (posts.created_at >= 0)
    return not known.any() and not any(text.strip() for text in posts.content)


def _affords_linear(snapshot: Snapshot) -> bool:
    n_posts = len(snapshot.posts.ids)
    dense = len(snapshot.interactions) >= DENSE * n_posts
    return n_posts <= CHEAP_LINEAR or (n_posts <= LINEAR_LIMIT and dense)


def _try_linear(search: Search, paces: dict[str, RecommenderSettings], cheap: bool) -> None:
    """Try the linear model at every pace, because the best pace differs between models."""
    linear: Change = {"similar_posts.model": "linear", "similar_posts.neighbours": 1000}
    search.change(linear)
    for name, settings in paces.items():
        search.attempt(f"linear, {name}", settings.changed(linear))
    if search.best.similar_posts.model == "linear" and cheap:
        search.climb(
            "similar_posts.linear_regularisation", (50.0, 100.0, 200.0, 400.0, 800.0, 1600.0)
        )
