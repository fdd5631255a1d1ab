"""Jobs as processes that are killed in the middle of a step."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dagster as dg

DEADLINE = 600


@dataclass(frozen=True)
class Launch:
    """A job and its run config. retry_of: id of the run that it continues."""

    job: str
    config: Mapping[str, Any] = field(default_factory=dict)
    retry_of: str = ""

    def start(self) -> "subprocess.Popen[bytes]":
        """Start it as a process."""
        command = [sys.executable, "-W", "ignore", "-m", "threads_pipelines.runner.launch"]
        command += [self.job, "--config", json.dumps(self.config)]
        command += ["--retry-of", self.retry_of] if self.retry_of else []
        return subprocess.Popen(command, start_new_session=True)


def kill_in(instance: dg.DagsterInstance, launch: Launch, step: str, delay: float) -> None:
    """Launch, wait until the step has started and ``delay`` seconds more, and kill everything."""
    known = {run.run_id for run in instance.get_runs()}
    process = launch.start()
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
