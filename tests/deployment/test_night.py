"""A night of the deployment: by its schedule, through the daemon, across kills.

The clock is controlled by what Dagster remembers: the schedule is made to have looked last three
days ago, so that the daemon finds the nights it missed when it starts.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.instance.ref import InstanceRef
from dagster._core.remote_origin import GrpcServerCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
)

from tests.deployment.processes import SERVICES, Deployment, wait_for
from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.storage import contract, database
from threads_pipelines.storage.objects import ObjectStore
from threads_pipelines.storage.provision import ensure_database

PATIENCE = 420.0
"""Seconds until a night is given up; a free machine needs a tenth of it."""
NIGHT = RunsFilter(job_name="nightly_recommendations")
PEOPLE = """
INSERT INTO "user" (id, email, username, created_at, updated_at)
SELECT 'u' || lpad(n::text, 3, '0'), n || '@example.org', 'u' || n, now() - interval '20 d', now()
FROM generate_series(1, 40) n;
INSERT INTO post (id, user_id, content, created_at, updated_at)
SELECT 'p' || lpad(n::text, 3, '0'), 'u' || lpad((1 + mod(n, 40))::text, 3, '0'),
       'post ' || n, now() - interval '10 d', now()
FROM generate_series(1, 120) n;
INSERT INTO user_interaction (id, user_id, post_id, interaction_type, created_at)
SELECT 'i' || u || '-' || k, 'u' || lpad(u::text, 3, '0'),
       'p' || lpad((1 + mod(u, 4) * 30 + mod(u * 7 + k * 11, 30))::text, 3, '0'),
       (ARRAY['view', 'view', 'click', 'share'])[1 + mod(k, 4)],
       now() - k * interval '8 h' - interval '2 d'
FROM generate_series(1, 40) u, generate_series(1, 12) k;
"""


@pytest.fixture
def stack(state_dir: Path, tmp_path: Path) -> Iterator[Stack]:
    """PostgreSQL and S3 of the test's own, so that they can be killed."""
    made = Stack(state_dir / tmp_path.name, ("postgres", "seaweedfs"))
    yield made
    made.stop()


@pytest.fixture
def deployment(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """The app's database with people in it, an empty bucket, and services that do not run yet."""
    given = stack.start()
    address = settings.sqlalchemy_url(given["DAGSTER_DATABASE_URL"])
    variables = {**given, "DAGSTER_DATABASE_URL": address, "OLLAMA_HOST": "http://127.0.0.1:1"}
    engine = database.connect(settings.sqlalchemy_url(given["DATABASE_URL"]))
    contract.create_schema(engine)
    AppDatabase(engine, "").rows(PEOPLE)
    ensure_database(address, "DAGSTER_DATABASE_URL")
    made = Deployment(tmp_path / "services", variables)
    made.folder.mkdir()
    made.prepare()
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    ObjectStore(settings.load().s3).ensure_bucket()
    yield made
    made.stop()


@pytest.fixture
def instance(deployment: Deployment) -> Iterator[DagsterInstance]:
    """The same instance that the services use: its tables are in PostgreSQL."""
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(deployment.home))) as made:
        yield made


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
