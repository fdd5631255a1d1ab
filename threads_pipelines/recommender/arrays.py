"""What a fitted model is made of: plain arrays that scoring reads, and nothing else."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.kernels.merging import group_by
from threads_pipelines.recommender.knn.people import people_arrays
from threads_pipelines.recommender.knn.similar_posts import Neighbours
from threads_pipelines.recommender.pairs import Pairs, decay, profiles
from threads_pipelines.recommender.ranking.popularity import (
    head_start,
    popularity,
    post_ages,
    recent_counts,
)
from threads_pipelines.recommender.settings import RecommenderSettings

_LEAST_BOOST = 1e-20
"""What keeps the score of a candidate above 0 in float32, however old it is."""


def model_arrays(
    snapshot: Snapshot,
    pairs: Pairs,
    near: Neighbours,
    text: Neighbours,
    settings: RecommenderSettings,
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    """All that ``Model.recommend`` reads."""
    ages = post_ages(snapshot, pairs)
    asked = popularity(snapshot, pairs, settings) + head_start(snapshot, ages, settings)
    boost = asked**settings.popularity_exponent
    most = boost.max(initial=_LEAST_BOOST, where=snapshot.posts.candidate)
    boost = np.where(snapshot.posts.candidate, np.maximum(boost / most, _LEAST_BOOST), 0)
    fresh = decay(ages, settings.fresh_half_life_hours) if snapshot.timed else 0 * ages
    own_start, own_post = group_by(snapshot.posts.author, len(snapshot.users.ids))
    return {
        "user_ids": snapshot.users.ids,
        "post_ids": snapshot.posts.ids,
        "receives": snapshot.users.receives,
        "user_start": pairs.user_start,
        "user_post": pairs.user_post,
        "profile": profiles(pairs, settings.profile_half_life_hours),
        **people_arrays(pairs, settings, snapshot.posts.candidate, rng),
        "near_start": near.start,
        "near_post": near.post,
        "near_value": near.value,
        "text_start": text.start,
        "text_post": text.post,
        "text_value": text.value,
        "seen_start": snapshot.seen.indptr.astype(np.int64),
        "seen_post": snapshot.seen.indices.astype(np.int32, copy=False),
        "author": snapshot.posts.author,
        "untouched": np.flatnonzero(snapshot.posts.candidate & (pairs.post_degree == 0)).astype(
            np.int32
        ),
        "own_start": own_start,
        "own_post": own_post,
        "boost": boost.astype(np.float32),
        "base": (settings.floor + settings.recency_weight * fresh).astype(np.float32),
        "lately": recent_counts(pairs, settings),
    }
