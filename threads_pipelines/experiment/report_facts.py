"""The report of an experiment as typed data."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from threads_pipelines.experiment.power import PowerStatement
from threads_pipelines.experiment.sessions import OUTCOMES
from threads_pipelines.experiment.srm import SampleRatio
from threads_pipelines.experiment.uplift import Uplift

METRICS = ("user_click_rate", *OUTCOMES)
"""The first is the mean over users of each user's own clicks per session; the others are sums over
all users per session, in which people who come often weigh more."""


PRIMARY = "user_click_rate"
"""The one metric that decides, named beforehand. A click is the earliest thing that a person does
because a post was worth it, and the most frequent, so it shows a difference first. Every person
counts alike: a few who are always there would otherwise decide for all, and with their heavy tail
nobody could say beforehand how many users are needed. Clicks are counted, not "any click", so an
uplift of the click rate is an uplift of the metric."""


Verdict = Literal["treatment", "control", "undecided", "not_enough_data", "mismatch"]


Scope = Literal["total", "day", "cumulative"]


@dataclass(frozen=True, slots=True)
class Findings:
    """Results over all days.

    Attributes:
        uplifts: One for each of ``METRICS``, in the same order.
        ratio: The sample-ratio check.
        power: Required sample size.
        verdict: The verdict on the primary metric.
        warnings: Sentences; a reason not to trust the result, or not to conclude, comes first.
    """

    uplifts: tuple[Uplift, ...]
    ratio: SampleRatio
    power: PowerStatement
    verdict: Verdict
    warnings: tuple[str, ...]

    @property
    def primary(self) -> Uplift:
        """The uplift of the primary metric, which decides the verdict."""
        return self.uplifts[METRICS.index(PRIMARY)]


@dataclass(frozen=True, slots=True)
class DayFindings:
    """The uplifts of one day, or of all days up to it."""

    day: date
    scope: Scope
    uplifts: tuple[Uplift, ...]


@dataclass(frozen=True, slots=True)
class ExperimentReport:
    """The report of one experiment.

    Attributes:
        experiment: Name of the experiment.
        findings: Results over all days.
        days: A "day" and a "cumulative" entry for each day.
        unattributed: Events that belong to no session.
        period: Beginning and end of the counted events, naive UTC.
    """

    experiment: str
    findings: Findings
    days: tuple[DayFindings, ...]
    unattributed: int
    period: tuple[datetime, datetime] | None = None
