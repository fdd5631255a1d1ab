"""The schedule: off until it is turned on, never two ticks at once, and fifteen minutes of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
from dagster import DagsterRunStatus
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteJobOrigin,
    RemoteRepositoryOrigin,
)

from tests.defs.conftest import NOW, World
from tests.simulation.conftest import run, said
from threads_pipelines.content.text import normalise
from threads_pipelines.definitions import defs
from threads_pipelines.defs.every_minute import unfinished_run
from threads_pipelines.defs.run_pruning import prune_runs

JOB = "continuous_simulation"
ORIGIN = RemoteJobOrigin(
    RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("here"), "__repository__"), JOB
)
SCHEDULE = defs.resolve_schedule_def("every_minute")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    """An instance on disk: a schedule opens it by its address."""
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("dagster"))) as instance:
        yield instance


@pytest.fixture
def instance(stored: dg.DagsterInstance) -> dg.DagsterInstance:
    """Without runs."""
    for run_ in stored.get_runs():
        stored.delete_run(run_.run_id)
    return stored


def tick(instance: dg.DagsterInstance, at: datetime) -> dg.RunRequest | str:
    moment = at.replace(tzinfo=UTC)
    with dg.build_schedule_context(instance, scheduled_execution_time=moment) as context:
        found = SCHEDULE.evaluate_tick(context)
    (request,) = found.run_requests or (None,)
    return request or str(found.skip_message)


def test_it_is_off_until_someone_turns_it_on() -> None:
    assert SCHEDULE.cron_schedule == "*/1 * * * *"
    assert SCHEDULE.default_status is dg.DefaultScheduleStatus.STOPPED
    assert SCHEDULE.job_name == JOB


def test_a_tick_is_left_out_while_a_run_goes_on(instance: dg.DagsterInstance) -> None:
    job = defs.resolve_job_def(JOB)
    going_on = ("QUEUED", "NOT_STARTED", "STARTING", "STARTED", "CANCELING")
    for state in going_on:
        instance.create_run_for_job(defs.resolve_job_def("services_check"))
        assert isinstance(tick(instance, NOW), dg.RunRequest)
        active = instance.create_run_for_job(
            job, status=DagsterRunStatus[state], remote_job_origin=ORIGIN
        )
        word = state.lower().replace("_", " ")
        assert tick(instance, NOW) == f"run {active.run_id} of {JOB} is still {word}"
        instance.delete_run(active.run_id)


def test_a_run_that_has_ended_holds_nothing_up(instance: dg.DagsterInstance) -> None:
    keys = set()
    for minute, state in enumerate(("SUCCESS", "FAILURE", "CANCELED")):
        status = DagsterRunStatus[state]
        instance.create_run_for_job(defs.resolve_job_def(JOB), status=status)
        request = tick(instance, NOW + timedelta(minutes=minute))
        assert isinstance(request, dg.RunRequest)
        keys.add(request.run_key)
    assert len(keys) == 3


def test_old_runs_of_the_minute_go_and_no_others(instance: dg.DagsterInstance) -> None:
    job, done = defs.resolve_job_def(JOB), DagsterRunStatus.SUCCESS
    for _ in range(3):
        instance.create_run_for_job(job, status=done)
    instance.create_run_for_job(job, status=DagsterRunStatus.STARTED)
    instance.create_run_for_job(defs.resolve_job_def("services_check"), status=done)
    assert prune_runs(instance, JOB, hours=1) == 0
    assert prune_runs(instance, JOB, hours=0) == 3
    assert instance.get_runs_count() == 2


def test_fifteen_minutes(living: World) -> None:
    world = living
    config = {"fewest_posts": 1, "most_posts": 2, "keep_posts": 20, "keep_rows": 30}
    for minute in range(15):
        at = NOW - timedelta(minutes=15 - minute)
        assert unfinished_run(world.instance) is None
        result = run(world, JOB, at, **config)
        assert result.success
        (written,) = result.asset_materializations_for_node("generated_posts")
        assert 1 <= written.metadata["dagster/row_count"].value <= 2
    runs = world.instance.get_runs(dg.RunsFilter(job_name=JOB))
    assert [one.status for one in runs] == [DagsterRunStatus.SUCCESS] * 15
    texts = [
        text for (text,) in world.query("SELECT content FROM post WHERE content NOT LIKE '<b>%%'")
    ]
    assert len(set(map(normalise, texts))) == len(texts), "never the same text twice"
    assert max(map(len, said(world))) <= 280
    mine = "user_id IN (SELECT id FROM \"user\" WHERE bio LIKE 'FAKE_USER%%')"
    ((posts, interactions, dated_late, own),) = world.query(
        f"SELECT (SELECT count(*) FROM post WHERE {mine}),"
        f" (SELECT count(*) FROM user_interaction WHERE {mine}),"
        " (SELECT count(*) FROM user_interaction i JOIN post p ON p.id = i.post_id"
        "  WHERE i.created_at < p.created_at OR i.created_at > %(now)s),"
        " (SELECT count(*) FROM user_interaction i JOIN post p ON p.id = i.post_id"
        "  WHERE i.user_id = p.user_id)",
        now=NOW,
    )
    assert 15 <= posts <= 20
    assert 0 < interactions <= 30
    assert dated_late == own == 0
    assert world.query(
        'SELECT count(*) FROM "like" l WHERE NOT EXISTS (SELECT FROM user_interaction i'
        " WHERE i.id = l.id) AND l.created_at > (SELECT min(created_at) FROM user_interaction)"
    ) == [(0,)]


def test_without_fake_users_a_tick_writes_nothing_and_says_why(world: World) -> None:
    result = run(world, JOB, NOW)
    assert result.success
    assert world.query('SELECT count(*) FROM "user"') == [(0,)]
    assert said(world) == []


def test_beside_real_accounts_nothing_is_simulated_without_a_word(
    living: World, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("THREADS_WITH_REAL_ACCOUNTS")
    assert "real accounts (5)" in str(tick(instance, NOW))
    before = len(said(living))
    for job in (JOB, "manual_simulation"):
        done = living.run(job, resources={"simulator": {"config": {}}}, raise_on_error=False)
        assert not done.success
    assert len(said(living)) == before
    assert run(living, JOB, NOW, with_real_accounts=True).success
    monkeypatch.setenv("THREADS_WITH_REAL_ACCOUNTS", "yes")
    assert isinstance(tick(instance, NOW), dg.RunRequest)
