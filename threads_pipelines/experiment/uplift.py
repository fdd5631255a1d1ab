"""Difference of a ratio metric, such as clicks per session, between two groups of users.

The sessions of one user are correlated, so errors are computed over users: the delta method
linearizes the ratio of two sums over users (Deng, Knoblich and Lu, "Applying the Delta Method in
Metric Analytics", KDD 2018).
"""

import math
from dataclasses import dataclass

import numpy as np

from threads_pipelines.experiment.sessions import Floats


@dataclass(frozen=True, slots=True)
class RatioEstimate:
    """A ratio of two sums in one group.

    Attributes:
        users: Users with a session.
        denominator: The sum in the denominator.
        value: The ratio; NaN without users.
        relative_variance: Variance of one user's linearized share, divided by the squared ratio.
        relative_variance_error: Standard error of ``relative_variance``.
    """

    users: int
    denominator: float
    value: float
    relative_variance: float
    relative_variance_error: float

    @property
    def error(self) -> float:
        """Standard error of the ratio."""
        if self.users < 2:
            return math.nan
        return abs(self.value) * math.sqrt(self.relative_variance / self.users)


@dataclass(frozen=True, slots=True)
class Uplift:
    """Treatment compared with control in one metric; what cannot be estimated is NaN.

    Attributes:
        metric: Name of the metric.
        control: The metric in control.
        treatment: The metric in treatment.
        difference: Treatment minus control.
        low: Lower bound of the difference.
        high: Upper bound of the difference.
        p_value: Two-sided p value of no difference.
        relative: ``difference`` divided by control's value.
        relative_low: Lower bound of ``relative``, from the logarithm of the quotient.
        relative_high: Upper bound of ``relative``.
    """

    metric: str
    control: RatioEstimate
    treatment: RatioEstimate
    difference: float
    low: float
    high: float
    p_value: float
    relative: float
    relative_low: float
    relative_high: float


def estimate(numerator: Floats, denominator: Floats) -> RatioEstimate:
    """Estimate sum(numerator) / sum(denominator).

    Args:
        numerator: (n_users,) float64.
        denominator: (n_users,) float64, above 0.

    Returns:
        The ratio with the variance of one user's share.
    """
    users = len(numerator)
    total = float(denominator.sum())
    value = float(numerator.sum()) / total if users else math.nan
    if users < 2 or value == 0:
        return RatioEstimate(users, total, value, math.nan, math.nan)
    share = (numerator / value - denominator) / (total / users)
    squared = share**2
    variance = float(squared.sum()) / (users - 1)
    return RatioEstimate(users, total, value, variance, float(squared.std()) / math.sqrt(users))


def compare(
    metric: str, control: RatioEstimate, treatment: RatioEstimate, confidence: float
) -> Uplift:
    """Compare two estimates with Welch's interval.

    Args:
        metric: Name of the metric.
        control: The metric in control.
        treatment: The metric in treatment.
        confidence: Level of the intervals, in (0.5, 1).

    Returns:
        The difference with its intervals.
    """
    from scipy.special import stdtr, stdtrit

    difference = treatment.value - control.value
    errors = np.array([control.error, treatment.error])
    error = float(np.hypot(*errors))
    half = p_value = log_half = math.nan
    if error > 0:
        users = np.array([control.users, treatment.users])
        freedom = error**4 / float(np.sum(errors**4 / (users - 1)))
        half = -float(stdtrit(freedom, (1 - confidence) / 2)) * error
        p_value = 2 * float(stdtr(freedom, -abs(difference) / error))
        log_half = half / error * float(np.hypot(*(errors / [control.value, treatment.value])))
    quotient = treatment.value / control.value if control.value else math.nan
    return Uplift(
        metric=metric,
        control=control,
        treatment=treatment,
        difference=difference,
        low=difference - half,
        high=difference + half,
        p_value=p_value,
        relative=quotient - 1,
        relative_low=quotient * math.exp(-log_half) - 1,
        relative_high=quotient * math.exp(log_half) - 1,
    )
