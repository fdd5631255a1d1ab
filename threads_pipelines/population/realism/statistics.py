"""Statistics of a feed's events, and their distance to those of another feed.

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
class FeedEvents:
    """Pairs (n,) of user and post with the time of the first event, in seconds."""

    user: NDArray[np.integer]
    post: NDArray[np.integer]
    at: NDArray[np.integer]


def first_events(
    user: NDArray[np.integer], post: NDArray[np.integer], at: NDArray[np.integer]
) -> FeedEvents:
    """Keep the first event of each (user, post)."""
    order = np.lexsort((at, post, user))
    user, post, at = user[order], post[order], at[order]
    new = np.ones(len(user), bool)
    new[1:] = (user[1:] != user[:-1]) | (post[1:] != post[:-1])
    return FeedEvents(user[new], post[new], at[new])


Samples = dict[str, Floats]


def samples(events: FeedEvents) -> Samples:
    """The six distributions by which a generated feed is judged."""
    return {
        "activity": np.unique(events.user, return_counts=True)[1].astype(float),
        "popularity": np.unique(events.post, return_counts=True)[1].astype(float),
        "gap": gaps_hours(events),
        "half-life": half_lives_hours(events),
        "burstiness": burstiness_and_memory(events)[0],
        "event age": event_ages_hours(events),
    }


def distances(made: Samples, real: Samples) -> dict[str, float]:
    """Two-sample Kolmogorov-Smirnov distance of each distribution, in [0, 1]."""
    return {name: ks_distance(made[name], real[name]) for name in made}


def ks_distance(x: Floats, y: Floats) -> float:
    """Largest difference between the empirical distribution functions; 1 where one is empty."""
    if not len(x) or not len(y):
        return 1.0
    x, y = np.sort(x), np.sort(y)
    at = np.concatenate([x, y])
    below_x = np.searchsorted(x, at, side="right") / len(x)
    below_y = np.searchsorted(y, at, side="right") / len(y)
    return float(np.abs(below_x - below_y).max())


def gini(x: NDArray[np.number]) -> float:
    """Gini coefficient of non-negative ``x`` (n,): 0 is equal, towards 1 is concentrated."""
    ordered = np.sort(x).astype(float)
    n, total = len(ordered), ordered.sum()
    return float((2 * np.arange(1, n + 1) - n - 1) @ ordered / (n * total)) if total else 0.0


def top_share(x: NDArray[np.number], share: float) -> float:
    """Part of the sum of ``x`` (n,) that the largest ``share`` of its entries hold."""
    top = max(round(len(x) * share), 1)
    return float(np.sort(x)[-top:].sum() / x.sum()) if len(x) else float("nan")


def tail_exponent(counts: Floats, minimum: int = 50) -> float:
    """Exponent of the power-law tail of positive whole numbers ``counts`` (n,).

    Clauset, Shalizi and Newman (2009): maximum likelihood for each start of the tail that leaves
    at least ``minimum`` values, then the start with the smallest Kolmogorov-Smirnov distance. NaN
    where there are fewer values than that.
    """
    x = np.sort(counts)
    best, exponent = np.inf, float("nan")
    for start in np.unique(np.quantile(x, np.linspace(0, 0.99, 100))) if len(x) else ():
        tail = x[x >= start]
        if len(tail) < minimum:
            break
        slope = len(tail) / np.log(tail / (start - 0.5)).sum()
        values = np.unique(tail)
        below = np.searchsorted(tail, values, side="right") / len(tail)
        distance = float(np.abs(below - 1 + ((values + 0.5) / (start - 0.5)) ** -slope).max())
        if distance < best:
            best, exponent = distance, 1 + slope
    return exponent


def gaps_hours(events: FeedEvents) -> Floats:
    """Hours between consecutive events of one user, over all users."""
    user, at = _by(events.user, events.at)
    gaps: Floats = np.diff(at)[np.diff(user) == 0] / 3600
    return gaps


def event_ages_hours(events: FeedEvents) -> Floats:
    """Age (n,) of each event in hours, from the first event of its post."""
    post, at = _by(events.post, events.at)
    start, size = _runs(post)
    age: Floats = (at - np.repeat(at[start], size)) / 3600
    return age


def half_lives_hours(events: FeedEvents, minimum: int = MINIMUM_EVENTS) -> Floats:
    """Median age of each post's events in hours, for posts with at least ``minimum``."""
    post, at = _by(events.post, events.at)
    start, size = _runs(post)
    low, high = at[start + (size - 1) // 2], at[start + size // 2]
    half: Floats = ((low + high) / 2 - at[start]) / 3600
    return half[size >= minimum]


def burstiness_and_memory(
    events: FeedEvents, minimum: int = MINIMUM_EVENTS
) -> tuple[Floats, Floats]:
    """Burstiness and memory of each user with at least ``minimum`` events.

    Burstiness is (r - 1)/(r + 1), r = standard deviation of the gaps over their mean, corrected
    for the number of gaps n (Kim and Jo 2016): (√(n+1)·r - √(n-1)) / ((√(n+1) - 2)·r + √(n-1)),
    which is 0 for random and 1 for the burstiest times at any n. Memory is the correlation of
    consecutive gaps (Goh and Barabási 2008); users whose gaps do not vary have none.
    """
    user, at = _by(events.user, events.at)
    start, size = _runs(user)
    keep = size >= minimum
    n = size[keep] - 1.0
    gap = np.append(np.diff(at), 0).astype(float)
    first, count = start[keep], size[keep] - 1
    mean, deviation = _moments(gap, first, count)
    r = np.divide(deviation, mean, out=np.full(len(n), np.nan), where=mean > 0)
    more, less = np.sqrt(n + 1), np.sqrt(np.maximum(n - 1, 1e-9))
    burstiness = (more * r - less) / ((more - 2) * r + less)
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
    if not len(group):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
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
    size = np.maximum(count, 1)
    mean = np.bincount(group, values, len(first)) / size
    square = np.bincount(group, (values - mean[group]) ** 2, len(first)) / size
    return mean, np.sqrt(square)
