"""The gate before publishing: it rejects a model that is measurably worse than trending."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation.bootstrap import BOOTSTRAP, resamples
from threads_pipelines.evaluation.split import DAY, Split
from threads_pipelines.evaluation.splitters import by_time
from threads_pipelines.recommender.presets import BASELINES
from threads_pipelines.recommender.settings import RecommenderSettings

MIN_EVENTS = 200
MIN_USERS = 50
Decision = Literal["pass", "fail", "not_enough_events"]


@dataclass(frozen=True, slots=True)
class GateResult:
    """Outcome of the gate.

    Attributes:
        decision: ``pass``, ``fail`` or ``not_enough_events``.
        difference: Mean NDCG@10 of ours minus trending; NaN without users to judge by.
        low: Lower bound of its 95% paired bootstrap interval over users.
        high: Upper bound of the interval.
        ours: Mean NDCG@10 of ours.
        trending: Mean NDCG@10 of trending.
        users: Number of users judged by.
        events: Number of test pairs judged by.
        against: Name of the ranking that ours is compared with.
        people: Name of the users judged by.
    """

    decision: Decision
    difference: float
    low: float
    high: float
    ours: float
    trending: float
    users: int
    events: int
    against: str = "trending"
    people: str = "users"

    @property
    def may_publish(self) -> bool:
        """Whether the settings may be published: always, unless ours is measurably worse."""
        return self.decision != "fail"

    def sentence(self) -> str:
        """Describe the outcome in one sentence.

        Returns:
            The sentence, without a full stop.
        """
        judged = f"{self.events:,} events of {self.users:,} {self.people} in the last 24 hours"
        if self.decision == "not_enough_events":
            return f"Not judged: {judged} are too few to tell ours from {self.against}"
        verdict = "Failed: ours is worse than" if self.decision == "fail" else "Passed against"
        scores = f"NDCG@10 {self.ours:.4f} against {self.trending:.4f}"
        interval = f"{self.difference:+.4f} (95% {self.low:+.4f} to {self.high:+.4f})"
        return f"{verdict} {self.against} on {judged}: {scores}, difference {interval}"


NOT_JUDGED = GateResult("not_enough_events", np.nan, np.nan, np.nan, np.nan, np.nan, 0, 0)
"""Outcome where there is no night to judge by."""


def judged_day(snapshot: Snapshot) -> Split:
    """Split off the last 24 hours, on which the gate judges tonight's settings.

    These events must not be used to choose settings.

    Args:
        snapshot: What the night read.

    Returns:
        The split at ``as_of`` minus 24 hours.

    Raises:
        DataError: There are no timestamps, or one side of the split has no events.
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
    against: str = "trending",
    people: str = "users",
) -> GateResult:
    """Compare per-user NDCG@10 on the same users by a paired bootstrap (Efron and Tibshirani 1993).

    The gate fails only if there are enough events and the upper bound of the difference is below 0.

    Args:
        ours: (n_users,) NDCG@10 of our model, in [0, 1].
        trending: (n_users,) NDCG@10 of trending for the same users in the same order.
        events: Number of test pairs.
        rng: Draws the resamples.
        min_events: Fewest test pairs for a decision.
        min_users: Fewest users for a decision.
        against: Name of the ranking that ours is compared with, for the sentence.
        people: Name of the users, for the sentence.

    Returns:
        The outcome.
    """
    n = len(ours)
    if not n:
        return replace(NOT_JUDGED, events=events, against=against, people=people)
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
        against=against,
        people=people,
    )


def settings_to_publish(
    gate: GateResult, candidate: RecommenderSettings, active: RecommenderSettings | None
) -> tuple[RecommenderSettings, str]:
    """Choose the settings of tonight's feeds.

    If the gate fails, the settings of the last published version are used, or trending if there are
    none or they are the same. Publishing nothing is not an option, because the table would expire
    and be empty, which is worse than trending.

    Args:
        gate: Outcome of the gate.
        candidate: Tonight's settings.
        active: Settings of the version that is served; None if there is none.

    Returns:
        The settings, and their source: ``tonight's``, ``the last active`` or ``trending``.
    """
    if gate.may_publish:
        return candidate, "tonight's"
    if active is not None and active != candidate:
        return active, "the last active"
    return BASELINES["recent_popularity"], "trending"
