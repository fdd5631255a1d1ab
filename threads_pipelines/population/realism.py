"""How real a feed looks: statistics of its events, and the distance to another feed.

Everything is measured on *pairs*: the first event of each user on each post. Re-shares and reviews,
which the published figures are about, happen once per pair; repeated views and the steps of a
funnel within seconds of a view would only measure the client. The age of an event counts from the
post's first event, because real data sets rarely say when a post was written.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MINIMUM_EVENTS = 5  # of a user for burstiness, of a post for a half-life


@dataclass(frozen=True, slots=True)
class Events:
    """Pairs (n,) of user and post with the time of the first event, in seconds."""

    user: NDArray[np.integer]
    post: NDArray[np.integer]
    at: NDArray[np.integer]


def first_events(
    user: NDArray[np.integer], post: NDArray[np.integer], at: NDArray[np.integer]
) -> Events:
    """Keep the first event of each (user, post)."""
    order = np.lexsort((at, post, user))
    user, post, at = user[order], post[order], at[order]
    new = np.ones(len(user), bool)
    new[1:] = (user[1:] != user[:-1]) | (post[1:] != post[:-1])
    return Events(user[new], post[new], at[new])


def gini(x: NDArray[np.number]) -> float:
    """Gini coefficient of non-negative ``x`` (n,): 0 is equal, towards 1 is concentrated."""
    ordered = np.sort(x).astype(float)
    n, total = len(ordered), ordered.sum()
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total)) if total else 0.0


def top_share(x: NDArray[np.number], share: float) -> float:
    """Part of the sum of ``x`` (n,) that the largest ``share`` of its entries hold."""
    top = max(round(len(x) * share), 1)
    return float(np.sort(x)[-top:].sum() / x.sum())


def tail_exponent(x: NDArray[np.number], share: float = 0.1) -> float:
    """Exponent of the density's power-law tail, by Hill's estimator on the largest ``share``."""
    top = np.sort(x)[-(max(round(len(x) * share), 2) + 1) :].astype(float)
    mean_log = float(np.mean(np.log(top[1:] / top[0])))
    return 1 + 1 / mean_log if mean_log > 0 else float("inf")


def gaps_hours(events: Events) -> Floats:
    """Hours between consecutive events of one user, over all users."""
    user, at = _by(events.user, events.at)
    return np.diff(at)[np.diff(user) == 0] / 3600


def event_ages_hours(events: Events) -> Floats:
    """Age (n,) of each event in hours, from the first event of its post."""
    post, at = _by(events.post, events.at)
    start, size = _runs(post)
    return (at - np.repeat(at[start], size)) / 3600


def half_lives_hours(events: Events, minimum: int = MINIMUM_EVENTS) -> Floats:
    """Median age of each post's events in hours, for posts with at least ``minimum``."""
    post, at = _by(events.post, events.at)
    start, size = _runs(post)
    low, high = at[start + (size - 1) // 2], at[start + size // 2]
    return (((low + high) / 2 - at[start]) / 3600)[size >= minimum]


def burstiness_and_memory(events: Events, minimum: int = MINIMUM_EVENTS) -> tuple[Floats, Floats]:
    """Burstiness and memory of each user with at least ``minimum`` events.

    Burstiness is (r - 1)/(r + 1), r = standard deviation of the gaps over their mean, corrected
    for the number of events n (Kim and Jo 2016, eq. 22): (√(n+1)·r - √(n-1)) / ((√(n+1) - 2)·r +
    √(n-1)). Memory is the correlation of consecutive gaps (Goh and Barabási 2008); users whose
    gaps do not vary have neither.
    """
    user, at = _by(events.user, events.at)
    start, size = _runs(user)
    keep = size >= minimum
    n = size[keep].astype(float)
    gap = np.append(np.diff(at), 0).astype(float)
    first, count = start[keep], size[keep] - 1
    mean, deviation = _moments(gap, first, count)
    r = np.divide(deviation, mean, out=np.full(len(n), np.nan), where=mean > 0)
    burstiness = (np.sqrt(n + 1) * r - np.sqrt(n - 1)) / ((np.sqrt(n + 1) - 2) * r + np.sqrt(n - 1))
    mean_a, deviation_a = _moments(gap, first, count - 1)
    mean_b, deviation_b = _moments(gap, first + 1, count - 1)
    product = gap * np.append(gap[1:], 0)
    mean_ab, _ = _moments(product, first, count - 1)
    scale = deviation_a * deviation_b
    memory = np.divide(
        mean_ab - mean_a * mean_b, scale, out=np.full(len(n), np.nan), where=scale > 1e-9
    )
    return burstiness[np.isfinite(burstiness)], memory[np.isfinite(memory)]


def busiest_to_quietest_hour(at: NDArray[np.integer]) -> float:
    """Ratio of the busiest to the quietest hour of the day (UTC)."""
    hours = np.bincount((at // 3600) % 24, minlength=24)
    return float(hours.max() / max(hours.min(), 1))


def _by(
    group: NDArray[np.integer], at: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    order = np.lexsort((at, group))
    return group[order], at[order]


def _runs(group: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Start and length of each run of equal values in a sorted array."""
    start = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    return start, np.diff(np.append(start, len(group)))


def _moments(
    x: Floats, first: NDArray[np.int64], count: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Mean and standard deviation (population) of x[first:first + count], for each slice."""
    if not len(first):
        return np.zeros(0), np.zeros(0)
    group = np.repeat(np.arange(len(first)), count)
    within = np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)
    values = x[np.repeat(first, count) + within]
    mean = np.bincount(group, values, len(first)) / count
    square = np.bincount(group, (values - mean[group]) ** 2, len(first)) / count
    return mean, np.sqrt(square)
