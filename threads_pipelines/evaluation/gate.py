"""The gate before publishing: is tonight's model at least not worse than what is trending?"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.metrics import BOOTSTRAP, resamples
from threads_pipelines.evaluation.split import DAY, Split, by_time
from threads_pipelines.recommender.presets import BASELINES
from threads_pipelines.recommender.settings import RecommenderSettings

MIN_EVENTS = 200
MIN_USERS = 50
Decision = Literal["pass", "fail", "not_enough_events"]


@dataclass(frozen=True, slots=True)
class GateResult:
    """Outcome of the gate.

    difference, low, high: mean NDCG@10 of ours minus trending, and its 95% paired bootstrap
        interval over users; NaN where there is nobody to judge by.
    ours, trending: the two means. users, events: who and how many new pairs they are judged by.
    """

    decision: Decision
    difference: float
    low: float
    high: float
    ours: float
    trending: float
    users: int
    events: int

    @property
    def may_publish(self) -> bool:
        """False only where ours is measurably worse."""
        return self.decision != "fail"

    def sentence(self) -> str:
        """The outcome for a person."""
        judged = f"{self.events:,} events of {self.users:,} users in the last 24 hours"
        if self.decision == "not_enough_events":
            return f"Not judged: {judged} are too few to tell ours from trending"
        verdict = "Failed: ours is worse than" if self.decision == "fail" else "Passed against"
        return (
            f"{verdict} trending on {judged}: NDCG@10 {self.ours:.4f} against {self.trending:.4f}, "
            f"difference {self.difference:+.4f} (95% {self.low:+.4f} to {self.high:+.4f})"
        )


NOT_JUDGED = GateResult("not_enough_events", np.nan, np.nan, np.nan, np.nan, np.nan, 0, 0)
"""Outcome where there is no night to judge by."""


def judged_day(snapshot: Snapshot) -> Split:
    """Split off the last 24 hours, by which tonight's settings are judged.

    Nothing may choose settings on them. Raises DataError where one side has no events.
    """
    return by_time(snapshot, snapshot.as_of - DAY, snapshot.as_of)


def judge(
    ours: NDArray[np.float64],
    trending: NDArray[np.float64],
    events: int,
    rng: np.random.Generator,
    *,
    min_events: int = MIN_EVENTS,
    min_users: int = MIN_USERS,
) -> GateResult:
    """Compare per-user NDCG@10 on the same users by a paired bootstrap (Efron and Tibshirani 1993).

    ours, trending: (n_users,), in [0, 1], the same user at the same place. events: test pairs.
    Fails only where the upper bound of the difference is below zero and there are enough events.
    """
    n = len(ours)
    if not n:
        return replace(NOT_JUDGED, events=events)
    difference = ours - trending
    means = np.concatenate(
        [weights @ difference / n for _, weights in resamples(n, BOOTSTRAP, rng)]
    )
    low, high = (float(bound) for bound in np.percentile(means, (2.5, 97.5)))
    decision: Decision = "pass"
    if events < min_events or n < min_users:
        decision = "not_enough_events"
    elif high < 0:
        decision = "fail"
    return GateResult(
        decision=decision,
        difference=float(difference.mean()),
        low=low,
        high=high,
        ours=float(ours.mean()),
        trending=float(trending.mean()),
        users=n,
        events=events,
    )


def settings_to_publish(
    gate: GateResult, candidate: RecommenderSettings, active: RecommenderSettings | None
) -> tuple[RecommenderSettings, str]:
    """Settings that tonight's feeds are made with, and a word for where they come from.

    A model that fails the gate is not published; neither is nothing, because an expired, empty
    table is worse than trending. So the last active settings stand in, else trending.
    """
    if gate.may_publish:
        return candidate, "tonight's"
    if active is not None and active != candidate:
        return active, "the last active"
    return BASELINES["recent_popularity"], "trending"
