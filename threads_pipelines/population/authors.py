"""Draws the author of each post, and the follow graph."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.behaviour.marginals import Counts, Floats
from threads_pipelines.population.settings import AccountSettings

Rows = NDArray[np.int32]


def draw_authors(
    topic: Rows,
    interest: Floats,
    posting: Floats,
    settings: AccountSettings,
    rng: np.random.Generator,
) -> Rows:
    """Draw the author of each post by a power law of productivity times interest in the topic.

    Args:
        topic: (n_posts,) topic of each post.
        interest: (n_users, n_topics).
        posting: (n_users,) relative productivity; 0 for users who never write.
        settings: Settings of the accounts.
        rng: Source of randomness.

    Returns:
        (n_posts,) int32 rows of users.
    """
    n_users = len(posting)
    exponent = zipf_exponent(n_users, 0.1, settings.top_authors_share)
    productivity = (rng.permutation(n_users) + 1.0) ** -exponent * posting
    author = np.zeros(len(topic), np.int32)
    for k in range(interest.shape[1]):
        posts = np.flatnonzero(topic == k)
        author[posts] = _pick(productivity * interest[:, k], len(posts), rng)
    return author


def zipf_exponent(n: int, top: float, share: float) -> float:
    """Find the exponent s at which the first ranks hold a given share of the sum of rank^-s.

    Args:
        n: Number of ranks.
        top: Share of the ranks that count as the first, in (0, 1].
        share: Share of the sum that they hold, in (0, 1).

    Returns:
        The exponent, in [0, 5]; the nearest bound if no exponent fits.
    """
    log_rank = np.log(np.arange(1, n + 1))
    head = max(round(n * top), 1)
    low, high = 0.0, 5.0
    for _ in range(50):
        middle = (low + high) / 2
        weight = np.exp(-middle * log_rank)
        low, high = (middle, high) if weight[:head].sum() < share * weight.sum() else (low, middle)
    return (low + high) / 2


@dataclass(frozen=True, slots=True)
class Follows:
    """Follows: (n,) int32 rows of users, each pair once, never oneself; ``at`` is in epoch ms."""

    follower: Rows
    following: Rows
    at: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of follows."""
        return len(self.follower)


def draw_follows(
    reach: Counts,
    interest: Floats,
    created_at: NDArray[np.int64],
    now_ms: int,
    settings: AccountSettings,
    rng: np.random.Generator,
) -> Follows:
    """Draw follows by preferential attachment: (1 + reach)^popularity times interest in a topic.

    Args:
        reach: (n_users,) encounters with each account's posts.
        interest: (n_users, n_topics).
        created_at: (n_users,) epoch ms at which each account was made.
        now_ms: Epoch ms; no follow is later.
        settings: Settings of the accounts.
        rng: Source of randomness.

    Returns:
        The follows.
    """
    n_users = len(reach)
    if n_users < 2:
        none = np.zeros(0, np.int32)
        return Follows(none, none, np.zeros(0, np.int64))
    wanted = rng.lognormal(np.log(settings.follows + 1e-9) - 0.5, 1.0, n_users)
    degree = np.minimum(rng.poisson(np.minimum(wanted, n_users / 4)), n_users - 1)
    follower = np.repeat(np.arange(n_users, dtype=np.int32), degree)
    # The topic that a follow is about comes from the follower's own interest.
    upto = np.cumsum(interest, axis=1)
    about = (rng.random(len(follower))[:, None] > upto[follower]).sum(axis=1)
    about = np.minimum(about, interest.shape[1] - 1)
    attraction = (1.0 + reach) ** settings.follow_popularity
    following = np.zeros(len(follower), np.int32)
    for k in range(interest.shape[1]):
        rows = np.flatnonzero(about == k)
        following[rows] = _pick(attraction * interest[:, k], len(rows), rng)
    key = np.unique(follower.astype(np.int64) * n_users + following)
    follower, following = (key // n_users).astype(np.int32), (key % n_users).astype(np.int32)
    other = follower != following
    follower, following = follower[other], following[other]
    earliest = np.maximum(created_at[follower], created_at[following])
    at = earliest + ((now_ms - earliest) * rng.random(len(follower))).astype(np.int64)
    return Follows(follower, following, at)


def _pick(weight: Floats, count: int, rng: np.random.Generator) -> Rows:
    """Draw ``count`` rows with replacement, proportional to ``weight``; uniformly if all are 0."""
    upto = np.cumsum(weight if weight.sum() > 0 else np.ones_like(weight))
    at = np.searchsorted(upto, rng.random(count) * upto[-1], side="right")
    row: Rows = np.minimum(at, len(weight) - 1).astype(np.int32)
    return row
