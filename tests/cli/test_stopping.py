"""Ctrl-C while a run is on its way: its exit code, what it says, and what is left."""

import os
import signal
import subprocess

import psutil
import pytest

from tests.cli.command import PROGRAM, threads_pipelines


@pytest.mark.slow
def test_ctrl_c_stops_a_run_and_says_how_to_go_on(empty_parts: dict[str, str]) -> None:
    assert threads_pipelines("setup", environment=empty_parts).returncode == 0
    words = [str(PROGRAM), "launch", "generate_synthetic_data"]
    with subprocess.Popen(
        words,
        env={**os.environ, **empty_parts},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as command:
        assert command.stdout
        assert "check_services" in command.stdout.readline()
        started = psutil.Process(command.pid).children(recursive=True)
        command.send_signal(signal.SIGINT)
        *_, last = command.stdout.read().splitlines()
    assert command.returncode == 130
    assert last.startswith("Stopped. Go on with: threads-pipelines retry ")
    gone, _ = psutil.wait_procs(started, timeout=10)
    assert set(gone) == set(started)
