"""A night of the deployment: by its schedule, through the daemon, across kills.

The clock is controlled by what Dagster remembers: the schedule is made to have looked last three
days ago, so that the daemon finds the nights it missed when it starts.
"""

import logging
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import dagster as dg
import dagster._daemon  # before its scheduler, which it imports in a circle
import httpx
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.remote_origin import (
    CodeLocationOrigin,
    GrpcServerCodeLocationOrigin,
    InProcessCodeLocationOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceLoadTarget
from dagster._scheduler.scheduler import launch_scheduled_runs

from tests.deployment.processes import SERVICES, Deployment, wait_for
from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.storage.postgres import database

PATIENCE = 420.0
"""Seconds until a night is given up; a free machine needs a tenth of it."""
NIGHT = RunsFilter(job_name="nightly_recommendations")


def miss_nights(instance: DagsterInstance, place: CodeLocationOrigin) -> None:
    """Remember the schedule as on for three days, in which nobody looked."""
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


def server_of(deployment: Deployment) -> CodeLocationOrigin:
    """The deployment's code server, as its workspace names it."""
    return GrpcServerCodeLocationOrigin(
        host="127.0.0.1", port=deployment.ports["code"], location_name="threads_pipelines"
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


class ThisProcess(WorkspaceLoadTarget):
    """The project's definitions without a server of their own."""

    origin = InProcessCodeLocationOrigin(
        LoadableTargetOrigin(
            executable_path=sys.executable, module_name="threads_pipelines.definitions"
        ),
        location_name="threads_pipelines",
    )

    def create_origins(self) -> list[CodeLocationOrigin]:
        return [self.origin]


# Dagster asks itself for what it has deprecated.
@pytest.mark.filterwarnings("ignore:Property `ScheduleDefinition.env:DeprecationWarning")
def test_after_a_downtime_only_the_latest_night_is_caught_up() -> None:
    """Dagster's own scheduler, told what time it is."""
    last = datetime.fromisoformat(f"{latest_night()}T02:00:00+00:00")
    with (
        dg.instance_for_test() as instance,
        WorkspaceProcessContext(instance, ThisProcess()) as workspace,
    ):
        miss_nights(instance, ThisProcess.origin)
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
    miss_nights(instance, server_of(deployment))
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
    miss_nights(instance, server_of(deployment))
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
