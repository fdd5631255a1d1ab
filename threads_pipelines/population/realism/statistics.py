"""Statistics of a feed's events, and their distance to those of another feed.

All statistics use *pairs*: the first event of each user on each post. Re-shares and reviews, to
which the published figures refer, happen once per pair. Repeated views, and the steps of a funnel
within seconds, would measure only the client. The age of an event counts from the post's first
event, because most data sets do not say when a post was written.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.realism.distributions import Floats, Samples

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
    """Keep the first event of each (user, post).

    Args:
        user: (n,) int.
        post: (n,) int.
        at: (n,) seconds.

    Returns:
        The pairs, by user.
    """
    order = np.lexsort((at, post, user))
    user, post, at = user[order], post[order], at[order]
    new = np.ones(len(user), bool)
    new[1:] = (user[1:] != user[:-1]) | (post[1:] != post[:-1])
    return FeedEvents(user[new], post[new], at[new])


def samples(events: FeedEvents) -> Samples:
    """Compute the six distributions by which a generated feed is judged.

    Args:
        events: The pairs.

    Returns:
        Samples of each distribution by name.
    """
    return {
        "activity": np.unique(events.user, return_counts=True)[1].astype(float),
        "popularity": np.unique(events.post, return_counts=True)[1].astype(float),
        "gap": gaps_hours(events),
        "half-life": half_lives_hours(events),
        "burstiness": burstiness_and_memory(events)[0],
        "event age": event_ages_hours(events),
    }


def gaps_hours(events: FeedEvents) -> Floats:
    """Compute the time between consecutive events of one user, over all users.

    Args:
        events: The pairs.

    Returns:
        (n,) hours.
    """
    user, at = _by(events.user, events.at)
    gaps: Floats = np.diff(at)[np.diff(user) == 0] / 3600
    return gaps


def event_ages_hours(events: FeedEvents) -> Floats:
    """Compute the age of each event since the first event of its post.

    Args:
        events: The pairs.

    Returns:
        (n,) hours.
    """
    post, at = _by(events.post, events.at)
    start, size = _runs(post)
    age: Floats = (at - np.repeat(at[start], size)) / 3600
    return age


def half_lives_hours(events: FeedEvents, minimum: int = MINIMUM_EVENTS) -> Floats:
    """Compute the median age of each post's events.

    Args:
        events: The pairs.
        minimum: Least number of events of a post that counts.

    Returns:
        (n_posts,) hours.
    """
    post, at = _by(events.post, events.at)
    start, size = _runs(post)
    low, high = at[start + (size - 1) // 2], at[start + size // 2]
    half: Floats = ((low + high) / 2 - at[start]) / 3600
    return half[size >= minimum]


def burstiness_and_memory(
    events: FeedEvents, minimum: int = MINIMUM_EVENTS
) -> tuple[Floats, Floats]:
    """Compute the burstiness and memory of each user's event times.

    Burstiness is (r - 1)/(r + 1), where r is the standard deviation of the gaps over their mean,
    corrected for the number of gaps n (Kim and Jo 2016): (√(n+1)·r - √(n-1)) / ((√(n+1) - 2)·r +
    √(n-1)). It is 0 for random times and 1 for the burstiest times at any n. Memory is the
    correlation of consecutive gaps (Goh and Barabási 2008); it is undefined if the gaps do not
    vary.

    Args:
        events: The pairs.
        minimum: Least number of events of a user who counts.

    Returns:
        Burstiness in [-1, 1] and memory in [-1, 1], each for the users for whom it is defined.
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
    """Compute the ratio of the busiest to the quietest hour of the day (UTC).

    Args:
        at: (n,) epoch seconds.

    Returns:
        The ratio.
    """
    hours = np.bincount((at // 3600) % 24, minlength=24)
    return float(hours.max() / max(hours.min(), 1))


def _by(
    group: NDArray[np.integer], at: NDArray[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    order = np.lexsort((at, group))
    return group[order], at[order]


def _runs(group: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return start and length of each run of equal values in a sorted array."""
    if not len(group):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    start = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
    return start, np.diff(np.append(start, len(group)))


def _moments(
    x: Floats, first: NDArray[np.int64], count: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Return mean and population standard deviation of x[first:first + count] for each slice."""
    if not len(first):
        return np.zeros(0), np.zeros(0)
    group = np.repeat(np.arange(len(first)), count)
    within = np.arange(len(group)) - np.repeat(np.cumsum(count) - count, count)
    values = x[np.repeat(first, count) + within]
    size = np.maximum(count, 1)
    mean = np.bincount(group, values, len(first)) / size
    square = np.bincount(group, (values - mean[group]) ** 2, len(first)) / size
    return mean, np.sqrt(square)
