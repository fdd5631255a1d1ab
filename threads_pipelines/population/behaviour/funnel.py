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
    """Actions of one kind: (n,) position in the encounters, and (n,) time in epoch ms."""

    encounter: NDArray[np.int64]
    at: Times


def act(
    at: Times, eagerness: Floats, now_ms: int, settings: Funnel, rng: np.random.Generator
) -> dict[str, Actions]:
    """Draw clicks, likes, shares and comments.

    A like requires a click, and a share requires a like. A comment requires only the view.

    Args:
        at: (n,) time of each encounter's view in epoch ms.
        eagerness: (n,) factor with mean 1.
        now_ms: Epoch ms; later actions are dropped.
        settings: Rates of the funnel.
        rng: Source of randomness.

    Returns:
        The actions by kind.
    """
    everyone = Actions(np.arange(len(at)), at)
    click = _step(everyone, settings.click * eagerness, 4.0, now_ms, rng)
    like = _step(click, _conditional(settings.like, settings.click), 5.0, now_ms, rng)
    share = _step(like, _conditional(settings.share, settings.like), 8.0, now_ms, rng)
    comment = _step(everyone, settings.comment * eagerness, 40.0, now_ms, rng)
    return {"view": everyone, "click": click, "like": like, "share": share, "comment": comment}


def eagerness(appeal: Floats, strength: float) -> Floats:
    """Compute a factor on the odds of acting from the appeal of the topic.

    Args:
        appeal: (n,) in (0, 1].
        strength: Exponent of the appeal.

    Returns:
        (n,) with mean 1.
    """
    factor = appeal**strength
    return factor / factor.mean() if len(factor) else factor


def reloads(user: Rows, at: Times, count: int, now_ms: int, rng: np.random.Generator) -> Actions:
    """Draw repeated views: the app logs a post again each time that the feed is reloaded.

    A repeated view coincides with one of the reader's next encounters, or follows the last one
    within minutes.

    Args:
        user: (n,) user of each encounter, in ascending order of time.
        at: (n,) epoch ms of each encounter.
        count: Number of repeated views.
        now_ms: Epoch ms; no view is later.
        rng: Source of randomness.

    Returns:
        The repeated views.
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
    """Return when the client sends its batch: every 5 s, with a phase for each user.

    Args:
        user: (n,) user of each event.
        at: (n,) epoch ms of each event.
        now_ms: Epoch ms; no batch is later.

    Returns:
        (n,) epoch ms.
    """
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
    """Draw which of ``before`` continue, after a log-normal delay with this median."""
    goes_on = rng.random(len(before.at)) < probability
    encounter, at = before.encounter[goes_on], before.at[goes_on]
    at = at + np.ceil(1000 * seconds * rng.lognormal(0.0, 0.8, len(at))).astype(np.int64)
    happens = at <= now_ms
    return Actions(encounter[happens], at[happens])
