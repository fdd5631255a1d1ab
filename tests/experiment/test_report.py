import math
from datetime import date, datetime

import numpy as np
import pytest

from threads_pipelines.errors import DataError
from threads_pipelines.experiment.assignment import CONTROL, NOT_ENROLLED, TREATMENT, Groups
from threads_pipelines.experiment.documents import read_report_document, report_document
from threads_pipelines.experiment.report import build_report
from threads_pipelines.experiment.report_facts import METRICS, PRIMARY, ExperimentReport
from threads_pipelines.experiment.sessions import EVENT_KINDS, ExperimentEvents
from threads_pipelines.experiment.settings import ReportSettings
from threads_pipelines.experiment.tables import SCHEMA, report_table
from tools.experiment_trials import Population, simulate

VIEW, CLICK = EVENT_KINDS.index("view"), EVENT_KINDS.index("click")
DAY = 86_400
SMALL = ReportSettings(minimum_users=2)
PERIOD = datetime.fromisoformat("2026-01-01 02:00"), datetime.fromisoformat("2026-01-03 02:30")


def events(rows: list[tuple[int, int, int]]) -> ExperimentEvents:
    """Events from (user, kind, time), all of the feed."""
    user, kind, at = np.array(rows).T
    return ExperimentEvents(
        user=user.astype(np.int32),
        kind=kind.astype(np.int8),
        at=at.astype(np.int64),
        from_feed=np.ones(len(rows), bool),
        duration_ms=np.full(len(rows), 2000.0),
    )


def test_by_hand() -> None:
    """Control: users of 1 and 3 sessions with 1 and 0 clicks; treatment: 1 session, 2 clicks."""
    report = build_report(
        "x",
        events(
            [(0, VIEW, 0), (0, CLICK, 1)]
            + [(1, VIEW, day * DAY) for day in range(3)]
            + [(2, VIEW, 0), (2, CLICK, 1), (2, CLICK, 2)]
            + [(3, VIEW, 0), (3, CLICK, 1)]  # not enrolled
        ),
        np.array([CONTROL, CONTROL, TREATMENT, NOT_ENROLLED], np.int8),
        SMALL,
    )

    by_metric = {one.metric: one for one in report.findings.uplifts}
    assert report.findings.primary is by_metric[PRIMARY]
    assert by_metric["user_click_rate"].control.value == pytest.approx((1 / 1 + 0 / 3) / 2)
    assert by_metric["clicks"].control.value == pytest.approx(1 / 4)
    assert by_metric["clicks"].treatment.value == 2
    assert by_metric["dwell_seconds"].control.value == 2
    assert (report.findings.ratio.control, report.findings.ratio.treatment) == (2, 1)
    assert report.findings.verdict == "not_enough_data"


def test_days_add_up_to_the_total() -> None:
    given, groups = simulate(600, 0.1, Population(days=4), np.random.default_rng(1))

    report = build_report("x", given, groups, SMALL)

    assert [entry.scope for entry in report.days] == ["day", "cumulative"] * 4
    assert report.days[-1].uplifts[:2] == report.findings.uplifts[:2]
    first = [entry for entry in report.days if entry.day == date(2026, 1, 1)]
    assert first[0].uplifts[:2] == first[1].uplifts[:2]
    sessions = [
        entry.uplifts[1].control.denominator for entry in report.days if entry.scope == "day"
    ]
    assert sum(sessions) == report.findings.uplifts[1].control.denominator


def test_planted_uplift_is_found_and_named() -> None:
    report = large(uplift=0.5)

    assert report.findings.verdict == "treatment"
    assert report.findings.primary.low > 0
    assert report.findings.primary.relative_low < 0.5 < report.findings.primary.relative_high
    assert report.findings.warnings == ()


def test_harm_is_named_too() -> None:
    assert large(uplift=-0.4).findings.verdict == "control"


def test_broken_split_gives_no_winner() -> None:
    given, groups = simulate(3000, 0.5, Population(), np.random.default_rng(2))
    lost = groups.copy()
    lost[np.flatnonzero(groups == CONTROL)[:300]] = NOT_ENROLLED

    findings = build_report("x", given, lost, ReportSettings()).findings

    assert findings.verdict == "mismatch"
    assert findings.warnings[0].startswith("Sample ratio mismatch")


def test_too_few_users_give_a_warning_instead_of_a_winner() -> None:
    """The interval excludes zero, and still: with so few users it exaggerates."""
    given, groups = simulate(300, 1.5, Population(click_rate=0.2), np.random.default_rng(3))

    findings = build_report("x", given, groups, ReportSettings()).findings

    assert findings.primary.low > 0
    assert findings.verdict == "not_enough_data"
    assert findings.power.users_needed is not None
    assert f"{findings.power.users_needed:,} per group are needed" in findings.warnings[0]


def test_planned_number_is_asked_for_in_full() -> None:
    seen = large(uplift=0.5).findings.power.users_seen

    assert large(uplift=0.5, planned_users=seen).findings.verdict == "treatment"
    assert large(uplift=0.5, planned_users=seen + 1).findings.verdict == "not_enough_data"


def test_nobody_came() -> None:
    nobody = ExperimentEvents(*(np.zeros(0, kind) for kind in ("i4", "i1", "i8", "?", "f8")))

    report = build_report("x", nobody, np.zeros(3, np.int8), ReportSettings())

    assert report.days == ()
    assert report.findings.warnings == ("Nobody has opened the feed in this period yet.",)
    assert report.findings.verdict == "not_enough_data"
    assert math.isnan(report.findings.primary.difference)
    assert report_table(report).num_rows == len(METRICS)


def test_table_is_typed_and_has_every_scope() -> None:
    given, groups = simulate(200, 0, Population(days=2), np.random.default_rng(4))
    report = build_report("x", given, groups, ReportSettings(), period=PERIOD)

    table = report_table(report)

    assert table.schema == SCHEMA
    assert table.num_rows == (1 + len(report.days)) * len(METRICS)
    total = table.slice(0, 1).to_pylist()[0]
    assert (total["scope"], total["day"], total["primary"]) == ("total", None, True)
    assert (total["since"], total["until"]) == PERIOD
    assert total["difference"] == report.findings.primary.difference
    assert total["control_sessions"] == report.findings.uplifts[1].control.denominator
    assert not any(
        isinstance(value, float) and math.isnan(value)
        for row in table.to_pylist()
        for value in row.values()
    )


def large(uplift: float, planned_users: int | None = None) -> ExperimentReport:
    given, groups = experiment(uplift)
    return build_report("x", given, groups, ReportSettings(planned_users=planned_users))


def experiment(uplift: float) -> tuple[ExperimentEvents, Groups]:
    population = Population(spread=0.5, click_spread=0.3, click_rate=0.2)
    return simulate(3000, uplift, population, np.random.default_rng(6))


def test_a_stored_report_is_the_report() -> None:
    alone = events([(0, VIEW, 0)])
    nobody = build_report("x", alone, np.zeros(1, np.int8), SMALL, period=PERIOD)

    for report in (large(uplift=0.5), nobody):
        # NaN is no equal of itself, so the two are compared as text, which has every digit.
        assert repr(read_report_document(report_document(report))) == repr(report)


def test_a_document_that_is_no_report_says_what_to_do() -> None:
    with pytest.raises(DataError, match="materialize experiment_report again"):
        read_report_document(b'[{"scope": "total"}]')
