"""A run that is killed in the middle of a step is simply run again."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from tests.defs.conftest import NOW, SMALL, World
from threads_pipelines.definitions import defs
from threads_pipelines.storage.postgres.database import session

AS_OF = {"interaction_matrix": {"config": {"as_of": NOW.isoformat()}}}
CONFIG = {"ops": AS_OF, "resources": {"synthetic": {"config": SMALL}}}
DEADLINE = 600


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as opened:
        yield opened


def start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-W", "ignore", "-m", "threads_pipelines.runner.launch"]
    command += ["full_pipeline", "--config", json.dumps(CONFIG)]
    return subprocess.Popen(command, start_new_session=True)


def kill_in(instance: dg.DagsterInstance, step: str, delay: float) -> None:
    """Launch, wait until the step has started and ``delay`` seconds more, and kill everything."""
    known = {run.run_id for run in instance.get_runs()}
    process = start()
    deadline = time.monotonic() + DEADLINE
    try:
        while not _started(instance, known, step):
            assert process.poll() is None, f"the run ended before {step} started"
            assert time.monotonic() < deadline, f"{step} did not start"
            time.sleep(0.05)
        time.sleep(delay)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _started(instance: dg.DagsterInstance, known: set[str], step: str) -> bool:
    return any(
        entry.step_key == step
        for run in instance.get_runs()
        if run.run_id not in known
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_START)
    )


def feeds_after(world: World, instance: dg.DagsterInstance, kills: list[tuple[str, float]]) -> set:
    for step, delay in kills:
        kill_in(instance, step, delay)
    assert start().wait(DEADLINE) == 0
    return world.feeds()


def steps() -> list[str]:
    plan = defs.resolve_job_def("full_pipeline").all_node_defs
    return sorted(node.name for node in plan)


def undisturbed(world: World) -> set[tuple[str, str, float]]:
    """The feeds of a run that nobody killed; the database is as before afterwards."""
    world.run("full_pipeline", ops=AS_OF)
    feeds = world.feeds()
    with session(world.engine) as connection, connection.cursor() as cursor:
        cursor.execute('TRUNCATE "user" CASCADE')
        connection.commit()
    for prefix in ("generated/", "models/", "tuning/", "reports/"):
        world.store.delete_prefix(prefix)
    return feeds


@pytest.mark.slow
def test_killed_runs_leave_nothing_behind(world: World, instance: dg.DagsterInstance) -> None:
    expected = undisturbed(world)
    kills = [("synthetic_population", 0.8), ("knn_model", 0.0), ("user_recommendation", 0.1)]
    assert feeds_after(world, instance, kills) == expected
    assert {run.status for run in instance.get_runs()} == {
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
    }, "a killed run is marked as failed by the next launch"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere(world: World, instance: dg.DagsterInstance, seed: int) -> None:
    expected = undisturbed(world)
    rng = random.Random(seed)
    kills = [(step, rng.uniform(0, 1.5)) for step in rng.sample(steps(), len(steps()))]
    assert feeds_after(world, instance, kills) == expected
