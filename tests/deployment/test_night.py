"""A night of the deployment: by its schedule, through the daemon, across kills.

The clock is controlled by what Dagster remembers: the schedule is made to have looked last three
days ago, so that the daemon finds the nights it missed when it starts.
"""

import logging
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster._daemon  # noqa: F401 - its scheduler cannot be imported before it
import httpx
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._scheduler.scheduler import launch_scheduled_runs

from tests.deployment.processes import SERVICES, Deployment, wait_for
from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.settings import PROJECT_ROOT
from threads_pipelines.storage import database

PATIENCE = 420.0
"""Seconds until a night is given up; a free machine needs a tenth of it."""
NIGHT = RunsFilter(job_name="nightly_recommendations")


def miss_nights(deployment: Deployment, instance: DagsterInstance) -> None:
    """Remember the schedule as on for three days, in which nobody looked."""
    place = GrpcServerCodeLocationOrigin(
        host="127.0.0.1", port=deployment.ports["code"], location_name="threads_pipelines"
    )
    origin = RemoteRepositoryOrigin(place, "__repository__").get_instigator_origin("nightly")
    long_ago = (datetime.now(UTC) - timedelta(days=3)).timestamp()
    instance.add_instigator_state(
        InstigatorState(
            origin,
            InstigatorType.SCHEDULE,
            InstigatorStatus.DECLARED_IN_CODE,
            ScheduleInstigatorData("0 2 * * *", long_ago),
        )
    )


def nights(instance: DagsterInstance) -> list[DagsterRun]:
    return list(instance.get_runs(NIGHT))


def latest_night() -> str:
    """The day whose 02:00 was the last one."""
    return f"{datetime.now(UTC) - timedelta(hours=2):%Y-%m-%d}"


def finished(deployment: Deployment, instance: DagsterInstance) -> list[DagsterRun]:
    """Wait until a night has succeeded; return all of them, newest first."""
    wait_for(
        lambda: any(run.status is DagsterRunStatus.SUCCESS for run in nights(instance)),
        PATIENCE,
        lambda: f"{[run.status for run in nights(instance)]}\n{deployment.logs()}",
    )
    return nights(instance)


def published() -> tuple[int, int]:
    engine = database.connect(settings.load().database_url)
    query = "SELECT count(DISTINCT user_id), count(DISTINCT generated_at) FROM user_recommendation"
    ((users, generations),) = AppDatabase(engine, "").rows(query)
    return users, generations


def reached(instance: DagsterInstance, step: str) -> bool:
    """Whether a night has finished a step."""
    return any(
        event.step_key == step and event.event_type_value == "STEP_SUCCESS"
        for run in nights(instance)
        for entry in instance.all_logs(run.run_id)
        if (event := entry.dagster_event)
    )


def test_after_a_downtime_only_the_latest_night_is_caught_up(
    deployment: Deployment, instance: DagsterInstance
) -> None:
    """Dagster's own scheduler, told what time it is."""
    deployment.start("code")
    miss_nights(deployment, instance)
    last = datetime.fromisoformat(f"{latest_night()}T02:00:00+00:00")
    target = WorkspaceFileTarget([str(PROJECT_ROOT / "deploy" / "workspace.yaml")])
    with WorkspaceProcessContext(instance, target) as workspace:
        for minutes, requested in ((-1, 1), (1, 2), (60, 2)):
            now = last + timedelta(minutes=minutes)
            list(launch_scheduled_runs(workspace, logging.getLogger(), now, {}))
            assert len(nights(instance)) == requested
    days = [run.tags["dagster/partition"] for run in nights(instance)]
    assert days == [latest_night(), f"{last - timedelta(days=1):%Y-%m-%d}"]


@pytest.mark.soak
def test_the_night_runs_by_its_schedule_and_outlives_a_kill(
    deployment: Deployment, instance: DagsterInstance
) -> None:
    deployment.start("code")
    miss_nights(deployment, instance)
    deployment.start("webserver", "daemon")
    wait_for(lambda: reached(instance, "interaction_matrix"), PATIENCE, deployment.logs)

    deployment.kill("code", "daemon")  # the run's own process goes with the code server
    deployment.start("code", "daemon")

    again, first = finished(deployment, instance)
    assert first.status is DagsterRunStatus.FAILURE
    assert first.tags["dagster/partition"] == latest_night()  # of three, the latest alone
    assert again.parent_run_id == first.run_id
    skipped = {"check_services", "interaction_matrix"}
    assert not skipped & {step.step_key for step in instance.get_run_step_stats(again.run_id)}
    assert published() == (40, 1)

    query = "{ runsOrError { ... on Runs { results { jobName status } } } }"
    answer = httpx.post(f"{deployment.url}/graphql", json={"query": query}, timeout=60)
    shown = answer.json()["data"]["runsOrError"]["results"]
    assert {"jobName": "nightly_recommendations", "status": "SUCCESS"} in shown


@pytest.mark.soak
@pytest.mark.parametrize("victim", ["daemon", "code", "webserver", "postgres"])
@pytest.mark.parametrize("step", ["check_services", "model_evaluation", "recommendations"])
def test_the_night_outlives_the_kill_of_any_process(
    deployment: Deployment, instance: DagsterInstance, stack: Stack, victim: str, step: str
) -> None:
    deployment.start("code")
    miss_nights(deployment, instance)
    deployment.start("webserver", "daemon")
    wait_for(lambda: reached(instance, step), PATIENCE, deployment.logs)
    if victim == "postgres":
        (postgres,) = replace(stack, names=("postgres",)).status()
        assert postgres.pid
        os.kill(postgres.pid, 9)
        stack.start()
    else:
        deployment.kill(victim)
        deployment.start(victim)
    finished(deployment, instance)
    assert published() == (40, 1)
    for name in SERVICES:
        if deployment.running[name].poll() is not None:
            deployment.start(name)  # as `restart: unless-stopped` would
