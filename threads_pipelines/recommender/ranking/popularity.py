"""Time-decayed popularity and the start that posts have before anyone acts on them."""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.component_settings import (
    BlendSettings,
    NewcomerSettings,
    PopularitySettings,
)
from threads_pipelines.recommender.pairs import Pairs, decay, row_sums
from threads_pipelines.recommender.ranking.rank_posts import PostFacts

Floats = NDArray[np.float32]

_STARTING_EVENTS = 0.1
"""Events that every post starts with, so that an untouched one keeps a positive score."""
_LEAST_BOOST = 1e-20
"""Keeps the score of a candidate above 0 in float32, however old it is."""


def post_facts(
    snapshot: Snapshot,
    pairs: Pairs,
    settings: PopularitySettings,
    blend: BlendSettings,
    newcomers: NewcomerSettings,
) -> PostFacts:
    """Return what each post has for everybody: popularity, freshness, author."""
    ages = post_ages(snapshot, pairs)
    candidate = snapshot.posts.candidate
    start = head_start(snapshot, ages, settings, trusted_share(pairs))
    asked = popularity(snapshot, pairs, settings.half_life_hours) + start
    first = popularity(snapshot, pairs, newcomers.half_life_hours) + start
    first = np.where(candidate, first / first.max(initial=_LEAST_BOOST, where=candidate), 0)
    boost = asked**settings.exponent
    most = boost.max(initial=_LEAST_BOOST, where=candidate)
    boost = np.where(candidate, np.maximum(boost / most, _LEAST_BOOST), 0)
    fresh = decay(ages, settings.fresh_half_life_hours) if snapshot.timed else 0 * ages
    return PostFacts(
        popularity_boost=boost.astype(np.float32),
        base_score=(blend.floor + blend.recency_weight * fresh).astype(np.float32),
        newcomer_score=first.astype(np.float32),
        recent_user_count=recent_user_counts(pairs, settings),
        author=snapshot.posts.author,
        untouched=np.flatnonzero(candidate & (pairs.post_degree == 0)).astype(np.int32),
    )


def post_ages(snapshot: Snapshot, pairs: Pairs) -> Floats:
    """(n_posts,) hours since each post appeared: since its first event where that is unknown."""
    created = snapshot.posts.created_at
    oldest = np.maximum.reduceat(np.append(pairs.post_age, np.float32(0)), pairs.post_start[:-1])
    first_event = np.where(pairs.post_degree > 0, oldest, 0)
    age = ((snapshot.as_of - created) / 3600).astype(np.float32)
    return np.maximum(np.where(created < 0, first_event, age), 0)


def popularity(snapshot: Snapshot, pairs: Pairs, half_life_hours: float | None) -> Floats:
    """(n_posts,) people who acted on each post, each decayed by the age of the act."""
    fading = decay(pairs.post_age, half_life_hours)
    if len(pairs.post_trust):
        fading = fading * pairs.post_trust
    return row_sums(pairs.post_start, fading)


def trusted_share(pairs: Pairs) -> NDArray[np.float64]:
    """(n_posts,) trust of the people who acted on each post over their number, in [0, 1]."""
    degree = pairs.post_degree
    share: NDArray[np.float64] = np.divide(
        pairs.trusted_post_degree, degree, out=np.ones(len(degree)), where=degree > 0
    )
    return share


def head_start(
    snapshot: Snapshot,
    ages: Floats,
    settings: PopularitySettings,
    trusted: NDArray[np.float64],
) -> Floats:
    """(n_posts,) events that a post counts before anyone acts: author, engagement, freshness.

    trusted: (n_posts,) in [0, 1], the share of a post's likes and comments that counts.
    """
    posts, users = snapshot.posts, snapshot.users
    fresh = decay(ages, settings.fresh_half_life_hours) if snapshot.timed else np.ones_like(ages)
    followers = np.log1p(users.followers.astype(np.float64))
    author = np.where(posts.author >= 0, followers[posts.author], 0) if len(followers) else 0
    most = followers.max(initial=0)
    known = settings.author_weight * author / most if most > 0 else 0
    engaged = settings.engagement_weight * np.log1p((posts.likes + posts.comments) * trusted)
    start: Floats = ((_STARTING_EVENTS + known + engaged) * (fresh + 1e-3)).astype(np.float32)
    return start


def recent_user_counts(pairs: Pairs, settings: PopularitySettings) -> NDArray[np.int32]:
    """(n_posts,) int32 people who acted in the last four half-lives of popularity."""
    half_life = settings.half_life_hours
    if half_life is None:
        return pairs.trusted_post_degree.astype(np.int32)
    recent = (pairs.post_age <= 4 * half_life).astype(np.float32)
    if len(pairs.post_trust):
        recent *= pairs.post_trust
    return row_sums(pairs.post_start, recent).astype(np.int32)
