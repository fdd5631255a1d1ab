"""The report counts from the instant at which the groups were first dealt."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from tests.defs.conftest import NOW, TODAY, World
from threads_pipelines.defs.assets.experiment import (
    ReportConfig,
    experiment_assignment,
    experiment_report,
    stored_report,
)
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.experiment.report_facts import ExperimentReport
from threads_pipelines.experiment.settings import ExperimentSettings
from threads_pipelines.storage.s3.experiment_start import note_start, read_start

START = NOW - timedelta(days=2)
PEOPLE = 40


def reported(world: World, name: str, **config: Any) -> ExperimentReport:
    dg.materialize(
        [experiment_assignment, experiment_report],
        partition_key=TODAY,
        instance=world.instance,
        resources={
            "database": Database(),
            "storage": ObjectStorage(),
            "experiment": Experiment(name=name, enroll_real_accounts=True, pinned={}),
        },
        run_config={"ops": {"experiment_report": {"config": config}}},
    )
    return stored_report(world.store, TODAY)


def sessions(report: ExperimentReport) -> float:
    per_session = report.findings.uplifts[1]
    return per_session.control.denominator + per_session.treatment.denominator


def test_days_before_the_groups_differed_do_not_count(world: World) -> None:
    world.query(
        'INSERT INTO "user" (id, email, username, created_at, updated_at)'
        " SELECT 'u' || n, n || '@example.org', 'u' || n, now() - interval '30 d', now()"
        " FROM generate_series(1, %(people)s) n;"
        " INSERT INTO post (id, user_id, content, created_at, updated_at)"
        " VALUES ('p', 'u1', 'A word', now() - interval '30 d', now());"
        " INSERT INTO user_interaction"
        " (id, user_id, post_id, interaction_type, metadata, created_at)"
        " SELECT u.id || ago, u.id, 'p', 'view', '{\"source\": \"feed\"}',"
        " %(now)s - ago * interval '1 h' FROM \"user\" u, unnest(ARRAY[1, 100, 200, 300]) ago;"
        " COMMIT; SELECT 1",
        people=PEOPLE,
        now=NOW,
    )
    note_start(world.store, ExperimentSettings(name="running", enroll_real_accounts=True), START)
    running = reported(world, "running")
    assert sessions(running) == PEOPLE
    assert running.period is not None
    assert running.period[0] == START

    new = reported(world, "new")
    assert sessions(new) == 0
    assert new.findings.verdict == "not_enough_data"
    assert new.period is not None
    assert new.period[0] >= NOW

    told = reported(world, "new", started_at=(START - timedelta(days=3)).isoformat())
    assert sessions(told) == 2 * PEOPLE


@pytest.mark.parametrize(
    ("started_days_ago", "since_days_ago"), [(None, 30), (40, 30), (4, 4), (-1, 0)]
)
def test_the_period_begins_with_the_experiment(
    started_days_ago: int | None, since_days_ago: int
) -> None:
    noted = None if started_days_ago is None else NOW - timedelta(days=started_days_ago)
    expected = NOW - timedelta(days=since_days_ago), NOW
    assert ReportConfig().period(NOW, noted) == expected
    if noted:
        told = noted.replace(tzinfo=UTC).isoformat()
        assert ReportConfig(started_at=told).period(NOW, START) == expected


def test_the_first_assignment_is_noted_once_for_each_way_to_deal(world: World) -> None:
    one = ExperimentSettings(name="one")
    assert read_start(world.store, one) is None
    assert note_start(world.store, one, START) == START
    assert note_start(world.store, one, NOW) == START
    assert read_start(world.store, one) == START
    everyone = ExperimentSettings(name="one", enroll_real_accounts=True)
    for other in (ExperimentSettings(name="two"), everyone):
        assert note_start(world.store, other, NOW) == NOW
    assert isinstance(read_start(world.store, everyone), datetime)


def test_a_schedule_enrols_whom_the_environment_says(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job as the schedule requests it: a partition and no run config."""
    world.query(
        'INSERT INTO "user" (id, email, username, created_at, updated_at)'
        " SELECT 'u' || n, n || '@example.org', 'u' || n, now() - interval '30 d', now()"
        " FROM generate_series(1, %(people)s) n; COMMIT; SELECT 1",
        people=PEOPLE,
    )
    groups = 'SELECT experiment_group, count(*) FROM "user" GROUP BY 1 ORDER BY 1'
    # No night has run: the page says so and has the report.
    world.run("experiment_reports", resources={})
    page = world.store.get(f"reports/{TODAY}/comparison.html").decode()
    assert "No two accounts have a feed yet: run the night" in page
    assert "THREADS_EXPERIMENT_ENROL" in page
    assert world.query(groups) == [("control", PEOPLE)]
    assert "THREADS_EXPERIMENT_ENROL" in stored_report(world.store, TODAY).findings.warnings[0]
    monkeypatch.setenv("THREADS_EXPERIMENT_ENROL", "all")
    world.run("experiment_reports", resources={})
    ((_, control), (_, treatment)) = world.query(groups)
    assert min(control, treatment) >= PEOPLE // 5
    assert "ENROL" not in " ".join(stored_report(world.store, TODAY).findings.warnings)


def test_the_experiments_settings_have_a_home_in_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("THREADS_EXPERIMENT_ENROL", "25%")
    monkeypatch.setenv("THREADS_EXPERIMENT_NAME", "spring")
    monkeypatch.setenv("THREADS_EXPERIMENT_WITHHOLD_CONTROL", "yes")
    found = Experiment().settings()
    assert (found.name, found.enroll_real_accounts, found.real_share) == ("spring", True, 0.25)
    assert Experiment().withholds_control()
    asked = Experiment(name="mine", enroll_real_accounts=False, withhold_control=False)
    assert (asked.settings().name, asked.settings().enroll_real_accounts) == ("mine", False)
    assert not asked.withholds_control()
