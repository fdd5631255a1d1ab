"""Draws the funnel after an encounter: view, click, like, share, comment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.population.behaviour.marginals import Floats
from threads_pipelines.population.settings import Funnel

KINDS = ("view", "click", "like", "share")
BATCH_MS = 5_000
Rows = NDArray[np.int32]
Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Actions:
    """Rows of one kind: position (n,) in the encounters, time of the act (n,) in epoch ms."""

    encounter: NDArray[np.int64]
    at: Times


def act(
    at: Times, eagerness: Floats, now_ms: int, settings: Funnel, rng: np.random.Generator
) -> dict[str, Actions]:
    """Draw clicks, likes, shares and comments; each step requires the one before it.

    at: (n,) time of each encounter's view. eagerness: (n,) factor with mean 1.
    Acts after ``now_ms`` are dropped. A comment does not require a click.
    """
    everyone = Actions(np.arange(len(at)), at)
    click = _step(everyone, settings.click * eagerness, 4.0, now_ms, rng)
    like = _step(click, _conditional(settings.like, settings.click), 5.0, now_ms, rng)
    share = _step(like, _conditional(settings.share, settings.like), 8.0, now_ms, rng)
    comment = _step(everyone, settings.comment * eagerness, 40.0, now_ms, rng)
    return {"view": everyone, "click": click, "like": like, "share": share, "comment": comment}


def eagerness(appeal: Floats, strength: float) -> Floats:
    """Factor (n,) with mean 1 on the odds of acting, from the topic's appeal (n,) in (0, 1]."""
    factor = appeal**strength
    return factor / factor.mean() if len(factor) else factor


def reloads(user: Rows, at: Times, count: int, now_ms: int, rng: np.random.Generator) -> Actions:
    """Draw ``count`` repeated views: the app logs a post again at each reload of the feed.

    user, at: (n,) the encounters in ascending order of time. The reload comes with one of the
    reader's next encounters; after the last, within minutes.
    """
    n = len(user)
    if not n:
        return Actions(np.zeros(0, np.int64), np.zeros(0, np.int64))
    order = np.argsort(user, kind="stable")
    place = np.empty(n, np.int64)
    place[order] = np.arange(n)
    again = rng.integers(0, n, count)
    later = np.minimum(place[again] + rng.geometric(0.5, count), n - 1)
    other = order[later]
    minutes = at[again] + (rng.exponential(10 * 60_000, count)).astype(np.int64)
    when = np.where(user[other] == user[again], at[other], np.minimum(minutes, now_ms))
    return Actions(again, when)


def client_batch(user: Rows, at: Times, now_ms: int) -> Times:
    """Time (n,) at which the client sent its batch: every 5 s, each user at its own phase."""
    phase = (user.astype(np.int64) * 2_654_435_761) % BATCH_MS
    return np.minimum(at + (phase - at) % BATCH_MS, now_ms)


def _conditional(share: float, given: float) -> float:
    return min(share / given, 1.0) if given > 0 else 0.0


def _step(
    before: Actions,
    probability: Floats | float,
    seconds: float,
    now_ms: int,
    rng: np.random.Generator,
) -> Actions:
    """Those of ``before`` who go on, after a log-normal delay with this median."""
    goes_on = rng.random(len(before.at)) < probability
    encounter, at = before.encounter[goes_on], before.at[goes_on]
    at = at + np.ceil(1000 * seconds * rng.lognormal(0.0, 0.8, len(at))).astype(np.int64)
    happens = at <= now_ms
    return Actions(encounter[happens], at[happens])
