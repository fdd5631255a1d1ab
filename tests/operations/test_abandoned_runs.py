"""Runs whose process is gone are ended, whoever launched them, and no others."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import dagster as dg
import psutil
import pytest
from dagster import DagsterRun, DagsterRunStatus
from dagster._core.events import EngineEventData
from dagster._core.storage.tags import GRPC_INFO_TAG, PARENT_RUN_ID_TAG, ROOT_RUN_ID_TAG

from threads_pipelines.defs.abandoned_runs import PROCESS_TAG, WORKER_TAG, end_abandoned_runs
from threads_pipelines.defs.launch_lock import LAUNCH_TAG
from threads_pipelines.defs.ops.maintenance import maintenance
from threads_pipelines.process_identity import identify

ME = str(identify())
GONE = str(replace(identify(), start=1))
ELSEWHERE = str(replace(identify(), start=1, boot="other", namespace="another-host pid:[1]"))
FROM_UI = {GRPC_INFO_TAG: "{}"}


def make_run(
    instance: dg.DagsterInstance,
    tags: dict[str, str],
    pid: int | None = None,
    status: DagsterRunStatus = DagsterRunStatus.STARTED,
    parent: DagsterRun | None = None,
) -> DagsterRun:
    """A run; pid: the process that Dagster's log names. A parent's tags are inherited."""
    job = dg.JobDefinition(name="stands_for_a_night", graph_def=maintenance.graph)
    if parent is not None:
        family = {PARENT_RUN_ID_TAG: parent.run_id, ROOT_RUN_ID_TAG: parent.run_id}
        tags = {**parent.tags, **family, **tags}
    run = instance.create_run_for_job(
        job,
        status=status,
        tags=tags,
        parent_run_id=parent.run_id if parent else None,
        root_run_id=parent.run_id if parent else None,
    )
    if pid is not None:
        instance.report_engine_event(
            f"Started process for run (pid: {pid}).", run, EngineEventData.in_process(pid)
        )
    return run


@pytest.mark.parametrize("step", [-7, 7])
def test_a_step_of_the_clock_ends_no_living_run_and_hides_no_dead_one(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    launched = make_run(instance, {PROCESS_TAG: ME})
    from_ui = make_run(instance, FROM_UI, os.getpid())
    assert end_abandoned_runs(instance, in_code_server=True) == []
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        killed = make_run(instance, FROM_UI, process.pid)
        assert end_abandoned_runs(instance, in_code_server=True) == []
        process.kill()
    dead = make_run(instance, {PROCESS_TAG: GONE})
    booted = psutil.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + step)
    ended = end_abandoned_runs(instance, in_code_server=True)
    assert sorted(ended) == sorted([dead.run_id, killed.run_id])
    active = dg.RunsFilter(statuses=[DagsterRunStatus.STARTED])
    assert {run.run_id for run in instance.get_runs(active)} == {launched.run_id, from_ui.run_id}


@pytest.mark.parametrize(
    "status", [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]
)
def test_a_number_that_was_given_again_does_not_stand_for_the_run(
    instance: dg.DagsterInstance, status: DagsterRunStatus
) -> None:
    seen = make_run(instance, FROM_UI, os.getpid(), status)
    instance.add_run_tags(seen.run_id, {WORKER_TAG: GONE})
    never_seen = make_run(instance, FROM_UI, 1, status)  # init: not our Python
    ended = end_abandoned_runs(instance, in_code_server=True)
    assert sorted(ended) == sorted([seen.run_id, never_seen.run_id])


def test_a_command_judges_only_what_it_can_see(instance: dg.DagsterInstance) -> None:
    dead = make_run(instance, {PROCESS_TAG: GONE})
    make_run(instance, {PROCESS_TAG: ME})
    make_run(instance, {PROCESS_TAG: ELSEWHERE})
    make_run(instance, FROM_UI, 1)
    make_run(instance, FROM_UI | {WORKER_TAG: ELSEWHERE})
    assert end_abandoned_runs(instance) == [dead.run_id]


def test_the_code_server_ends_the_runs_of_the_container_that_it_replaced(
    instance: dg.DagsterInstance,
) -> None:
    before = make_run(instance, FROM_UI | {WORKER_TAG: ELSEWHERE})
    make_run(instance, FROM_UI)  # not begun
    make_run(instance, {PROCESS_TAG: ELSEWHERE})
    assert end_abandoned_runs(instance, in_code_server=True) == [before.run_id]


def test_a_launch_from_a_container_that_is_gone_is_ended_once_its_lock_is_free(
    instance: dg.DagsterInstance, state_dir: Path
) -> None:
    code = """
import sys
from pathlib import Path
from threads_pipelines.defs.launch_lock import launch_lock
with launch_lock(Path(sys.argv[1]), "a-launch"):
    print("held", flush=True)
    sys.stdin.read()
"""
    command = [sys.executable, "-c", code, str(state_dir)]
    launched = make_run(instance, {PROCESS_TAG: ELSEWHERE, LAUNCH_TAG: "a-launch"})
    make_run(instance, {PROCESS_TAG: ELSEWHERE, LAUNCH_TAG: "launched-with-another-state-folder"})
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"held\n"
        assert end_abandoned_runs(instance) == []
        process.kill()
        process.wait()
        assert end_abandoned_runs(instance) == [launched.run_id]
    assert not list((state_dir / "launches").iterdir())


def test_a_run_is_not_judged_by_the_process_of_the_run_that_it_continues(
    instance: dg.DagsterInstance,
) -> None:
    launched = make_run(instance, {PROCESS_TAG: GONE}, status=DagsterRunStatus.FAILURE)
    from_ui = make_run(instance, FROM_UI | {WORKER_TAG: GONE}, status=DagsterRunStatus.FAILURE)
    in_ui = make_run(instance, FROM_UI, os.getpid(), parent=launched)
    make_run(instance, {PROCESS_TAG: ME}, parent=from_ui)
    make_run(instance, FROM_UI, parent=from_ui)
    assert end_abandoned_runs(instance, in_code_server=True) == []
    kept = instance.get_run_by_id(in_ui.run_id)
    assert kept is not None
    assert kept.tags[WORKER_TAG] == ME
    dead = make_run(instance, {PROCESS_TAG: GONE.replace("@1@", "@2@")}, parent=from_ui)
    assert end_abandoned_runs(instance, in_code_server=True) == [dead.run_id]
