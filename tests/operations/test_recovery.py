"""Killed runs are ended, and continued once although Dagster's daemon overlooks some."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import yaml
from dagster import DagsterRun, DagsterRunStatus
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG, GRPC_INFO_TAG, PARENT_RUN_ID_TAG
from dagster._daemon.auto_run_reexecution.auto_run_reexecution import should_retry

from tests.operations.receiver import receiving
from threads_pipelines.defs.ops.maintenance import maintenance
from threads_pipelines.defs.sensors.alerts import alert_on_failure
from threads_pipelines.defs.sensors.recovery import OFFERED_AGAIN, end_abandoned_runs, offer_again
from threads_pipelines.project_files import PROJECT_ROOT


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance that continues killed runs as ``dagster.yaml`` says."""
    ours = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text())
    with dg.instance_for_test({"run_retries": ours["run_retries"]}) as made:
        yield made


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def make_run(
    instance: dg.DagsterInstance,
    pid: int,
    status: DagsterRunStatus = DagsterRunStatus.STARTED,
    tags: dict[str, str] | None = None,
) -> DagsterRun:
    """A run that says that this process works on it."""
    job = dg.JobDefinition(name="stands_for_a_night", graph_def=maintenance.graph)
    run = instance.create_run_for_job(job, status=status, tags={GRPC_INFO_TAG: "{}"} | (tags or {}))
    instance.report_engine_event(
        f"Started process for run (pid: {pid}).", run, EngineEventData.in_process(pid)
    )
    return run


def failures(instance: dg.DagsterInstance, run: DagsterRun) -> list[str | None]:
    logs = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    return [entry.get_dagster_event().message for entry in logs]


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])
def test_only_runs_without_a_process_are_ended(
    instance: dg.DagsterInstance, gone: int, status: DagsterRunStatus
) -> None:
    dead, alive = make_run(instance, gone, status), make_run(instance, os.getpid(), status)
    end_abandoned_runs(dg.build_sensor_context(instance))
    states = {run.run_id: run.status for run in instance.get_runs()}
    assert states == {dead.run_id: DagsterRunStatus.FAILURE, alive.run_id: status}


def test_a_failure_that_the_daemon_overlooked_is_offered_once_more(
    instance: dg.DagsterInstance, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_the_daemon_read_it = make_run(instance, gone)
    end_abandoned_runs(dg.build_sensor_context(instance))
    # The daemon found the failure's event before the run's status had changed: it goes on, and
    # never looks at this event again.
    assert not should_retry(as_the_daemon_read_it, instance)
    run_id = as_the_daemon_read_it.run_id

    assert offer_again(instance, datetime.now(UTC)) == []  # it may yet do it by itself
    assert offer_again(instance, soon()) == [run_id]
    run = instance.get_run_by_id(run_id)
    assert run is not None
    assert failures(instance, run)[-1] == OFFERED_AGAIN
    assert should_retry(run, instance)
    assert offer_again(instance, soon()) == []

    (event,) = [
        entry.get_dagster_event()
        for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        if entry.get_dagster_event().message == OFFERED_AGAIN
    ]
    context = dg.build_run_status_sensor_context(
        sensor_name="alert_on_failure",
        dagster_event=event,
        dagster_instance=instance,
        dagster_run=run,
    )
    with receiving() as server:
        monkeypatch.setenv("THREADS_ALERT_WEBHOOK_URL", server.url)
        alert_on_failure(context.for_run_failure())
    assert server.texts == []  # told already


def test_what_was_continued_or_shall_not_be_is_left_alone(
    instance: dg.DagsterInstance, gone: int
) -> None:
    continued = make_run(instance, gone, tags={AUTO_RETRY_RUN_ID_TAG: "another"})
    by_hand = make_run(instance, gone)
    spent = make_run(instance, gone, tags={"dagster/max_retries": "0"})
    end_abandoned_runs(dg.build_sensor_context(instance))
    make_run(instance, os.getpid(), tags={PARENT_RUN_ID_TAG: by_hand.run_id})
    assert offer_again(instance, soon()) == []
    assert offer_again(instance, soon() + timedelta(days=2)) == []
    assert [len(failures(instance, run)) for run in (continued, by_hand, spent)] == [1, 1, 1]
