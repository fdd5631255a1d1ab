"""Jobs from the command line: what a retry keeps, and whose runs are ended."""

import json
import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRun, DagsterRunStatus

from threads_pipelines.defs.ops import maintenance
from threads_pipelines.errors import ObjectStorageError
from threads_pipelines.runner import launch
from threads_pipelines.runner.launch import PROCESS_TAG, fail_abandoned_runs, this_process
from threads_pipelines.storage.s3.pruning import Pruned

DRY = {"ops": {"prune_old": {"config": {"dry_run": True}}}}


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def make_run(instance: dg.DagsterInstance, process: str) -> DagsterRun:
    """A run that this process has started."""
    job = dg.JobDefinition(name="stands_for_a_night", graph_def=maintenance.maintenance.graph)
    return instance.create_run_for_job(
        job, status=DagsterRunStatus.STARTED, tags={PROCESS_TAG: process}
    )


def test_a_retry_keeps_the_failed_runs_config(
    environment: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    dry_runs: list[bool] = []

    def fails_once(*_given: Any, dry_run: bool, **_named: Any) -> Pruned:
        dry_runs.append(dry_run)
        if len(dry_runs) == 1:
            raise ObjectStorageError("the server went away")
        return Pruned(0, 0, 0)

    environment.setattr(maintenance, "prune_versions", fails_once)
    environment.setattr(dg.DagsterInstance, "get", lambda: nullcontext(instance))
    assert launch.main(["maintenance", "--config", json.dumps(DRY)]) == 1
    (failed,) = instance.get_runs()
    assert launch.main(["", "--retry-of", failed.run_id]) == 0
    assert dry_runs == [True, True]
    assert instance.get_runs()[0].parent_run_id == failed.run_id


def test_a_run_is_ended_only_where_its_process_can_be_seen_to_be_gone(
    instance: dg.DagsterInstance, gone: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended() -> str:
        return this_process().replace(str(os.getpid()), str(gone), 1)

    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(socket, "gethostname", lambda: "another-host")
        on_another_host = ended()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(Path, "readlink", lambda _path: "pid:[1]")
        in_another_container = ended()

    dead = make_run(instance, ended())
    tags = (this_process(), on_another_host, in_another_container)
    others = [make_run(instance, tag) for tag in tags]
    assert fail_abandoned_runs(instance) == [dead.run_id]
    started = dg.RunsFilter(statuses=[DagsterRunStatus.STARTED])
    assert {run.run_id for run in instance.get_runs(started)} == {run.run_id for run in others}
