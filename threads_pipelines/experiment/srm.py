"""The sample-ratio check: an uneven split beyond chance invalidates the comparison.

Fabijan et al., "Diagnosing Sample Ratio Mismatch in Online Controlled Experiments", KDD 2019.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SampleRatio:
    """Users in each group, the p value of an even split, and whether this is a mismatch."""

    control: int
    treatment: int
    p_value: float
    mismatch: bool


def sample_ratio(control: int, treatment: int, alpha: float) -> SampleRatio:
    """Test for a 50/50 split by chi-square with one degree of freedom.

    Args:
        control: Users in control.
        treatment: Users in treatment.
        alpha: P value below which the split is a mismatch.

    Returns:
        The result; no mismatch without users.
    """
    from scipy.special import chdtrc

    total = control + treatment
    statistic = (control - treatment) ** 2 / total if total else 0.0
    p_value = float(chdtrc(1, statistic))
    return SampleRatio(control, treatment, p_value, p_value < alpha)
