"""Sample size and detectable uplift of an experiment.

Two groups of n users detect a relative uplift u with probability ``power`` if n = (z(1 - alpha/2) +
z(power))^2 * v * (1 + (1 + u)^2) / u^2, where v is the relative variance of one user's share. The
uplift also widens the distribution of the treatment.
"""

import math
from dataclasses import dataclass

from threads_pipelines.experiment.settings import ReportSettings
from threads_pipelines.experiment.uplift import RatioEstimate

_CAUTION = 0.90


@dataclass(frozen=True, slots=True)
class PowerStatement:
    """Required sample size, and the uplift that the present sample can detect.

    Attributes:
        target_uplift: As in the settings.
        power: As in the settings.
        confidence: As in the settings.
        users_needed: Users per group, from the upper 90% limit of the observed variance. A plan
            that is based on the plain estimate of a pilot is too small half of the time (Browne
            1995, "On the use of a pilot sample for sample size determination"). None if no variance
            was observed.
        users_expected: The same from the plain estimate.
        users_seen: Users in the smaller group.
        detectable_uplift: Relative uplift that the present sample detects with the same
            probability; infinite if there is none.
    """

    target_uplift: float
    power: float
    confidence: float
    users_needed: int | None
    users_expected: int | None
    users_seen: int
    detectable_uplift: float


def power_statement(
    control: RatioEstimate, treatment: RatioEstimate, settings: ReportSettings
) -> PowerStatement:
    """State the power for one metric, from the variance within both groups.

    It holds for users who are observed as long as these were.

    Args:
        control: The metric in control.
        treatment: The metric in treatment.
        settings: Target uplift, power and confidence.

    Returns:
        Required sample size and detectable uplift.
    """
    from scipy.special import ndtri

    seen = min(control.users, treatment.users)
    known = [one for one in (control, treatment) if math.isfinite(one.relative_variance)]
    users = sum(one.users for one in known)
    needed = expected = None
    detectable = math.inf
    variance = sum(one.users * one.relative_variance for one in known) / users if known else 0.0
    if variance > 0:
        error = math.sqrt(sum((one.users * one.relative_variance_error) ** 2 for one in known))
        # On the logarithm: a variance is positive and its estimate skewed.
        caution = math.exp(float(ndtri(_CAUTION)) * error / users / variance)
        expected = _users(variance, settings)
        needed = _users(variance * caution, settings)
        detectable = _uplift(variance, seen, settings)
    return PowerStatement(
        target_uplift=settings.target_uplift,
        power=settings.power,
        confidence=settings.confidence,
        users_needed=needed,
        users_expected=expected,
        users_seen=seen,
        detectable_uplift=detectable,
    )


def _effort(variance: float, settings: ReportSettings) -> float:
    from scipy.special import ndtri

    z = ndtri(settings.power) - ndtri((1 - settings.confidence) / 2)
    return float(z) ** 2 * variance


def _users(variance: float, settings: ReportSettings) -> int:
    uplift = settings.target_uplift
    users = _effort(variance, settings) * (1 + (1 + uplift) ** 2) / uplift**2
    return max(math.ceil(users), settings.minimum_users)


def _uplift(variance: float, users: int, settings: ReportSettings) -> float:
    """Solve the formula of this module for u: (n - k) u^2 - 2 k u - 2 k = 0."""
    effort = _effort(variance, settings)
    if users <= effort:
        return math.inf
    root = math.sqrt(effort**2 + 2 * effort * (users - effort))
    return (effort + root) / (users - effort)
