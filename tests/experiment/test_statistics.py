"""Estimates, intervals, power and the ratio check against known answers."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from threads_pipelines.experiment.power import power_statement
from threads_pipelines.experiment.settings import ReportSettings
from threads_pipelines.experiment.srm import sample_ratio
from threads_pipelines.experiment.uplift import RatioEstimate, compare, estimate


def array(*values: float) -> np.ndarray:
    return np.array(values, float)


def test_ratio_by_hand() -> None:
    """3 clicks in 6 sessions: shares (Y/R - X)/mean(X) are (1, -1, 0), their variance 1."""
    one = estimate(array(2, 0, 1), array(2, 2, 2))

    assert (one.users, one.denominator, one.value) == (3, 6, 0.5)
    assert one.relative_variance == pytest.approx(1)
    assert one.error == pytest.approx(0.5 * math.sqrt(1 / 3))


def test_delta_method_agrees_with_the_bootstrap_over_users() -> None:
    rng = np.random.default_rng(1)
    count = 1 + rng.poisson(np.exp(rng.normal(1, 0.8, 3000)))
    clicks = rng.poisson(count * rng.gamma(2, 0.2, 3000)).astype(float)
    picked = rng.integers(0, 3000, (400, 3000))
    resampled = clicks[picked].sum(axis=1) / count[picked].sum(axis=1)

    assert estimate(clicks, count.astype(float)).error == pytest.approx(resampled.std(), rel=0.12)


def test_mean_over_users_is_the_ratio_with_ones() -> None:
    rates = array(0.1, 0.4, 0.7, 0.2)
    one = estimate(rates, np.ones(4))

    assert one.value == pytest.approx(rates.mean())
    assert one.error == pytest.approx(rates.std(ddof=1) / 2)


def test_welch_interval() -> None:
    """Two means of normal samples: scipy's own Welch test says the same."""
    from scipy import stats

    rng = np.random.default_rng(2)
    control, treatment = rng.normal(5, 1, 40), rng.normal(5.5, 2, 60)
    result = stats.ttest_ind(treatment, control, equal_var=False)
    interval = result.confidence_interval(0.95)

    found = compare(
        "x", estimate(control, np.ones(40)), estimate(treatment, np.ones(60)), confidence=0.95
    )

    assert found.p_value == pytest.approx(result.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.relative == pytest.approx(treatment.mean() / control.mean() - 1)
    assert found.relative_low < found.relative < found.relative_high


@pytest.mark.parametrize("clicks", [array(), array(1), array(0, 0, 0)])
def test_what_cannot_be_estimated_is_nan_and_no_winner(clicks: np.ndarray) -> None:
    one = estimate(clicks, np.ones(len(clicks)))
    found = compare("x", one, estimate(array(1, 2, 3), np.ones(3)), 0.95)

    assert math.isnan(found.low)
    assert not found.low > 0


def test_sessions_of_one_user_are_not_independent() -> None:
    """Without a difference, ten equal sessions a user must not count as ten observations."""
    rng = np.random.default_rng(3)
    wolves = naive_wolves = 0
    for _ in range(400):
        rates = rng.random((2, 100))
        ten = np.full(100, 10.0)
        one, other = (estimate(rate * ten, ten) for rate in rates)
        wolves += compare("x", one, other, 0.95).p_value < 0.05
        one, other = (estimate(np.repeat(rate, 10), np.ones(1000)) for rate in rates)
        naive_wolves += compare("x", one, other, 0.95).p_value < 0.05

    assert wolves / 400 <= 0.09
    assert naive_wolves / 400 > 0.3


def test_power_by_hand() -> None:
    """Relative variance 1, 10% uplift: (1.95996 + 0.84162)^2 * (1 + 1.21) / 0.01 = 1735."""
    one = RatioEstimate(
        users=5000, denominator=1, value=1, relative_variance=1, relative_variance_error=0
    )

    stated = power_statement(one, one, ReportSettings())

    assert stated.users_needed == stated.users_expected == 1735


@given(st.floats(0.1, 20), st.floats(0.02, 0.5), st.floats(0.6, 0.95))
@example(0.1015625, 0.5, 0.75)  # so few users that one more or less is more than a few percent
def test_detectable_uplift_of_the_needed_sample_is_the_target(
    variance: float, target: float, power: float
) -> None:
    settings = ReportSettings(target_uplift=target, power=power, minimum_users=2)
    needed = power_statement(group(10, variance), group(10, variance), settings).users_expected
    assert needed is not None

    def detectable(users: int) -> float:
        one = group(users, variance)
        return power_statement(one, one, settings).detectable_uplift

    assert detectable(needed) <= target * (1 + 1e-9)
    if needed > settings.minimum_users:
        assert detectable(needed - 1) > target


def test_uncertain_variance_asks_for_more_users() -> None:
    certain, uncertain = group(500, 2.0), group(500, 2.0, error=0.5)

    sure = power_statement(certain, certain, ReportSettings())
    unsure = power_statement(uncertain, uncertain, ReportSettings())

    assert sure.users_needed == sure.users_expected == unsure.users_expected
    assert unsure.users_needed is not None
    assert sure.users_needed is not None
    assert unsure.users_needed > 1.2 * sure.users_needed


def test_no_variance_no_statement() -> None:
    nothing = estimate(array(0, 0), array(1, 1))
    stated = power_statement(nothing, nothing, ReportSettings())

    assert stated.users_needed is None
    assert stated.detectable_uplift == math.inf


def group(users: int, variance: float, error: float = 0.0) -> RatioEstimate:
    return RatioEstimate(users, users, 1.0, variance, error)


@pytest.mark.parametrize(
    ("control", "treatment", "p_value", "mismatch"),
    [
        (0, 0, 1.0, False),
        (500, 500, 1.0, False),
        (821_588, 815_482, 1.8e-6, True),  # the worked example of Fabijan et al. 2019
        (50, 60, 0.340, False),
        (0, 30, 4.3e-8, True),
    ],
)
def test_sample_ratio(control: int, treatment: int, p_value: float, mismatch: bool) -> None:
    found = sample_ratio(control, treatment, alpha=0.001)

    assert found.p_value == pytest.approx(p_value, rel=0.02)
    assert found.mismatch is mismatch
