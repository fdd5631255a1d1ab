"""Time-decayed popularity, and the prior popularity of posts without interactions."""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.component_settings import (
    BlendSettings,
    NewcomerSettings,
    PopularitySettings,
)
from threads_pipelines.recommender.pairs import Pairs, decay, row_sums
from threads_pipelines.recommender.ranking.post_facts import PostFacts

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
    """Compute the properties of each post that are the same for every user.

    Args:
        snapshot: Posts, authors and engagement.
        pairs: All user-post pairs.
        settings: Settings of popularity.
        blend: Weights of freshness and of the constant part of a score.
        newcomers: Settings of the feeds of people without history.

    Returns:
        Popularity, freshness and author of each post.
    """
    ages = post_ages(snapshot, pairs)
    candidate = snapshot.posts.candidate
    start = head_start(snapshot, ages, settings, trusted_share(pairs))
    asked = popularity(pairs, settings.half_life_hours) + start
    first = popularity(pairs, newcomers.half_life_hours) + start
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
    """Return the age of each post.

    Args:
        snapshot: Times of the posts.
        pairs: All user-post pairs.

    Returns:
        (n_posts,) float32 hours since the post was written; since its first event if that time is
        unknown.
    """
    created = snapshot.posts.created_at
    oldest = np.maximum.reduceat(np.append(pairs.post_age, np.float32(0)), pairs.post_start[:-1])
    first_event = np.where(pairs.post_degree > 0, oldest, 0)
    age = ((snapshot.as_of - created) / 3600).astype(np.float32)
    return np.maximum(np.where(created < 0, first_event, age), 0)


def popularity(pairs: Pairs, half_life_hours: float | None) -> Floats:
    """Count the people who acted on each post, decayed by age and weighted by trust.

    Args:
        pairs: All user-post pairs.
        half_life_hours: The half-life in hours; None means no decay.

    Returns:
        (n_posts,) float32.
    """
    fading = decay(pairs.post_age, half_life_hours)
    if len(pairs.post_trust):
        fading = fading * pairs.post_trust
    return row_sums(pairs.post_start, fading)


def trusted_share(pairs: Pairs) -> NDArray[np.float64]:
    """Divide the trust of the people who acted on each post by their number.

    Args:
        pairs: All user-post pairs.

    Returns:
        (n_posts,) float64 in [0, 1]; 1 for a post without interactions.
    """
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
    """Compute the prior of each post: a number of events from its author, engagement and freshness.

    Args:
        snapshot: Posts, authors and engagement.
        ages: (n_posts,) hours.
        settings: Settings of popularity.
        trusted: (n_posts,) in [0, 1], the share of a post's likes and comments that counts.

    Returns:
        (n_posts,) float32, in events, above 0.
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
    """Count the people who acted on each post in the last four half-lives of popularity.

    Args:
        pairs: All user-post pairs.
        settings: The half-life; without one all people count.

    Returns:
        (n_posts,) int32.
    """
    half_life = settings.half_life_hours
    if half_life is None:
        return pairs.trusted_post_degree.astype(np.int32)
    recent = (pairs.post_age <= 4 * half_life).astype(np.float32)
    if len(pairs.post_trust):
        recent *= pairs.post_trust
    return row_sums(pairs.post_start, recent).astype(np.int32)
