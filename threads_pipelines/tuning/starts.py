"""The whole settings that a search compares first: paces, widths, models and the spectral view.

Some settings pay only together, so that no change of one setting leads from one start to another.
"""

from typing import Any

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.knn.similar_posts import LINEAR_LIMIT
from threads_pipelines.recommender.presets import PACES, WIDE
from threads_pipelines.recommender.settings import RecommenderSettings

Change = dict[str, Any]
CHEAP_LINEAR = 1500
"""Posts up to which the linear model costs less than the other views."""

LEAST_HALF_LIFE = 1 / 48
"""Shortest half-life worth trying, as a share of the time to predict.

What people did an hour ago tells much about the next day of a feed, and nothing about the next
month of a slow catalogue, where a short half-life can only fit the few people who came at the end.
"""

DENSE = 40
"""Events a post from which a larger linear model may pay for its cost, the cube of the posts."""

_RANKS = (32, 64, 128, 256, 512)
_MOST_PROJECTED = 1.3e9
"""Products of events and singular vectors up to which a rank is tried."""

_LARGE = 2_000_000
"""Events from which the spectral view has few vectors and candidates, to keep the night short."""

_POSTS_A_VECTOR = 16
"""Posts for each singular vector at least: more vectors would repeat the other views."""

_LINEAR: Change = {"similar_posts.model": "linear", "similar_posts.neighbours": 1000}


def starts_of(snapshot: Snapshot, split: Split, timed: bool) -> dict[str, RecommenderSettings]:
    """List whole settings to compare: every pace and width, with the spectral view and without.

    Args:
        snapshot: The data.
        split: The validation set; shorter half-lives than it can judge are left out.
        timed: Whether the validation set is split by time.

    Returns:
        Settings by name.
    """
    least = least_half_life(split)
    paces = {"no pace": RecommenderSettings()} | {
        name: settings
        for name, settings in PACES.items()
        if timed and (settings.popularity.half_life_hours or 0) >= least
    }
    # A pace keeps its own exponent. Without a pace the spectral view has none, because its scores
    # prefer popular posts already.
    wide = {
        width: {k: v for k, v in changes.items() if k != "popularity.exponent"}
        for width, changes in WIDE.items()
    }
    view = spectral_view(snapshot)
    kinds: dict[str, Change] = {"": {}, **wide, "spectral": view}
    kinds |= {f"spectral {width}": {**changes, **view} for width, changes in wide.items()}
    if affords_linear(snapshot):
        kinds["linear"] = _LINEAR
    # Pace by pace within a kind, so that the fitter keeps what they have in common.
    starts = {
        f"{kind} {pace}".strip(): settings.changed(changes)
        for kind, changes in kinds.items()
        for pace, settings in paces.items()
    }
    return starts | {width: RecommenderSettings().changed(WIDE[width]) for width in WIDE}


def least_half_life(split: Split) -> float:
    """Return the shortest half-life worth trying, in hours.

    Args:
        split: The validation set.

    Returns:
        A share of the time to predict; 0 for a random split.
    """
    return LEAST_HALF_LIFE * ((split.until or 0) - (split.cut or 0)) / 3600


def spectral_view(snapshot: Snapshot) -> Change:
    """Return the changes that add the spectral view with the largest affordable rank.

    Args:
        snapshot: The data.

    Returns:
        New values by dotted name.
    """
    n_events, n_posts = len(snapshot.interactions), len(snapshot.posts.ids)
    large = n_events >= _LARGE
    ranks = (
        rank
        for rank in _RANKS
        if rank * n_events <= _MOST_PROJECTED and rank * _POSTS_A_VECTOR <= n_posts and not large
    )
    return {
        "spectral.share": 0.5,
        "spectral.rank": max(ranks, default=_RANKS[0]),
        "spectral.damping": 0.2,
        "spectral.candidates": 100 if large else 300,
        "similar_posts.neighbours": 300,
    }


def affords_linear(snapshot: Snapshot) -> bool:
    """Return whether the linear model is affordable for these data.

    Args:
        snapshot: The data.

    Returns:
        Whether there are few posts, or many events a post.
    """
    n_posts = len(snapshot.posts.ids)
    dense = len(snapshot.interactions) >= DENSE * n_posts
    return n_posts <= CHEAP_LINEAR or (n_posts <= LINEAR_LIMIT and dense)
