"""Compares the groups by what their users did in feed sessions."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from threads_pipelines.dataset.snapshot import Mask
from threads_pipelines.experiment.assignment import CONTROL, GROUPS, TREATMENT, Groups
from threads_pipelines.experiment.power import PowerStatement, power_statement
from threads_pipelines.experiment.report_facts import (
    METRICS,
    PRIMARY,
    DayFindings,
    ExperimentReport,
    Findings,
    Verdict,
)
from threads_pipelines.experiment.sessions import (
    OUTCOMES,
    ExperimentEvents,
    Floats,
    Sessions,
    sessions,
)
from threads_pipelines.experiment.settings import ReportSettings
from threads_pipelines.experiment.srm import SampleRatio, sample_ratio
from threads_pipelines.experiment.uplift import RatioEstimate, Uplift, compare, estimate

_DAY = 24 * 60 * 60


def build_report(
    experiment: str,
    events: ExperimentEvents,
    groups: Groups,
    settings: ReportSettings,
    *,
    period: tuple[datetime, datetime] | None = None,
    causes: tuple[str, ...] = (),
) -> ExperimentReport:
    """Report on the sessions of the randomised users.

    Args:
        experiment: Name of the experiment.
        events: The events.
        groups: (n_users,) int8, position in ``assignment.GROUPS``; other users are left out. See
            ``assignment.served_groups``.
        settings: Settings of the report.
        period: Beginning and end of the counted events, naive UTC.
        causes: Why a group is empty, for the warnings.

    Returns:
        The report.
    """
    seen = sessions(events, settings)
    findings = conclude(seen, groups, settings)
    return ExperimentReport(
        experiment=experiment,
        findings=replace(findings, warnings=(*causes, *findings.warnings)),
        days=daily(seen, groups, settings),
        unattributed=seen.unattributed,
        period=period,
    )


def conclude(seen: Sessions, groups: Groups, settings: ReportSettings) -> Findings:
    """Compare the groups over all sessions, and name a winner if the criteria are met.

    Args:
        seen: The sessions.
        groups: (n_users,) int8, position in ``assignment.GROUPS``; other users are left out.
        settings: Settings of the report.

    Returns:
        The results.
    """
    totals = _totals(seen, np.ones(len(seen.user), bool), len(groups))
    uplifts = _uplifts(totals, groups, settings)
    primary = uplifts[METRICS.index(PRIMARY)]
    ratio = sample_ratio(primary.control.users, primary.treatment.users, settings.mismatch_alpha)
    power = power_statement(primary.control, primary.treatment, settings)
    verdict = _verdict(primary, ratio, power, settings)
    days = len(np.unique(seen.start // _DAY))
    warnings = _warnings(verdict, ratio, power, days)
    if days:
        warnings = (*_nobody_came(primary, groups), *warnings)
    return Findings(uplifts, ratio, power, verdict, warnings)


def daily(seen: Sessions, groups: Groups, settings: ReportSettings) -> tuple[DayFindings, ...]:
    """Compare the groups on each day (UTC, by the start of the session) and up to each day.

    Args:
        seen: The sessions.
        groups: (n_users,) int8, position in ``assignment.GROUPS``; other users are left out.
        settings: Settings of the report.

    Returns:
        Two entries for each day with sessions, in order.
    """
    day_of = seen.start // _DAY
    so_far = np.zeros((len(groups), 1 + len(OUTCOMES)))
    found: list[DayFindings] = []
    for number in np.unique(day_of):
        day = datetime.fromtimestamp(int(number) * _DAY, UTC).date()
        today = _totals(seen, day_of == number, len(groups))
        so_far += today
        found.append(DayFindings(day, "day", _uplifts(today, groups, settings)))
        found.append(DayFindings(day, "cumulative", _uplifts(so_far, groups, settings)))
    return tuple(found)


def _totals(seen: Sessions, chosen: Mask, users: int) -> Floats:
    """Return (n_users, 1 + n_outcomes): sessions, then the sum of each outcome."""
    user = seen.user[chosen]
    totals = np.empty((users, 1 + len(OUTCOMES)))
    totals[:, 0] = np.bincount(user, minlength=users)
    for column, outcome in enumerate(seen.outcomes.T, start=1):
        totals[:, column] = np.bincount(user, outcome[chosen], users)
    return totals


def _uplifts(totals: Floats, groups: Groups, settings: ReportSettings) -> tuple[Uplift, ...]:
    exposed = totals[:, 0] > 0
    control, treatment = (
        _estimates(totals[exposed & (groups == group)]) for group in (CONTROL, TREATMENT)
    )
    return tuple(
        compare(*each, settings.confidence)
        for each in zip(METRICS, control, treatment, strict=True)
    )


def _estimates(totals: Floats) -> list[RatioEstimate]:
    """Estimate each of ``METRICS`` in one group; every row has a session."""
    count = totals[:, 0]
    clicks = totals[:, 1 + OUTCOMES.index("clicks")]
    return [
        estimate(clicks / count, np.ones(len(count))),
        *(estimate(outcome, count) for outcome in totals[:, 1:].T),
    ]


def _verdict(
    primary: Uplift, ratio: SampleRatio, power: PowerStatement, settings: ReportSettings
) -> Verdict:
    if ratio.mismatch:
        return "mismatch"
    # With less than half of the users needed, the chance to find the target is about a half, and
    # what does turn out significant is exaggerated (Gelman and Carlin 2014, "Beyond power
    # calculations"). Asking for all of them would hide every second true winner, for the number is
    # itself estimated from these data; a planned number is not, and is asked for in full.
    enough = settings.planned_users or max(settings.minimum_users, (power.users_expected or 0) / 2)
    if power.users_expected is None or power.users_seen < enough:
        return "not_enough_data"
    if primary.low > 0:
        return "treatment"
    return "control" if primary.high < 0 else "undecided"


def _nobody_came(primary: Uplift, groups: Groups) -> tuple[str, ...]:
    """Name a group whose accounts have not opened the feed."""
    came = {CONTROL: primary.control.users, TREATMENT: primary.treatment.users}
    sizes = {group: int((groups == group).sum()) for group in came}
    return tuple(
        f"None of the {sizes[group]:,} accounts in {GROUPS[group]} has opened the feed in this "
        "period."
        for group, users in came.items()
        if sizes[group] and not users
    )


def _warnings(
    verdict: Verdict, ratio: SampleRatio, power: PowerStatement, days: int
) -> tuple[str, ...]:
    if not days:
        return ("Nobody has opened the feed in this period yet.",)
    warnings = []
    if ratio.mismatch:
        warnings.append(
            f"Sample ratio mismatch: {ratio.control:,} users in control and {ratio.treatment:,} in "
            f"treatment, which an even split does not explain (p = {ratio.p_value:.1g}). Find the "
            "cause in the assignment or the logging before reading any difference."
        )
    needed = "an unknown number" if power.users_needed is None else f"about {power.users_needed:,}"
    shortfall = (
        f"{power.users_seen:,} users in the smaller group; {needed} per group are needed to find "
        f"an uplift of {power.target_uplift:.0%} with {power.power:.0%} power."
    )
    if verdict == "not_enough_data":
        warnings.append(f"Not enough data for a winner: {shortfall}")
    elif power.users_expected is None or power.users_seen < power.users_expected:
        warnings.append(f"Smaller than planned for: {shortfall} A real difference may not show.")
    if days < 7:
        warnings.append(
            f"{days} day{'' if days == 1 else 's'} of data: a whole week evens out the weekdays."
        )
    return tuple(warnings)
