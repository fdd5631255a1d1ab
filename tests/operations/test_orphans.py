"""What is left of a killed run: it ends by itself, and the next command kills what does not."""

import multiprocessing
import os
import signal
import subprocess
import sys
from dataclasses import replace
from typing import Any

import psutil

from threads_pipelines.defs.orphans import end_with_the_run, kill_what_is_left
from threads_pipelines.process_identity import identify

# A launcher with a step that cannot notice its end, as one that is stopped.
LAUNCHER = """
import subprocess, sys, time
step = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(step.pid, flush=True)
time.sleep(600)
"""


def test_the_next_command_kills_the_steps_of_a_killed_run_and_nothing_else() -> None:
    with (
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"]) as bystander,
        subprocess.Popen(
            [sys.executable, "-c", LAUNCHER], stdout=subprocess.PIPE, start_new_session=True
        ) as launcher,
    ):
        assert launcher.stdout
        step = psutil.Process(int(launcher.stdout.readline()))
        identity = identify(launcher.pid)
        launcher.kill()
        launcher.wait()
        assert kill_what_is_left(replace(identity, boot="another")) == 0
        assert step.is_running()
        assert kill_what_is_left(identity) == 1
        psutil.wait_procs([step], timeout=30)
        assert not step.is_running() or step.status() == psutil.STATUS_ZOMBIE
        assert bystander.poll() is None
        bystander.kill()


def _run(pids: Any) -> None:
    """The process of a run, with the process of a step."""
    context = multiprocessing.get_context("forkserver")
    context.Process(target=_step, args=(pids,)).start()
    signal.pause()


def _step(pids: Any) -> None:
    end_with_the_run()
    pids.put((os.getppid(), os.getpid()))
    signal.pause()


def test_a_step_and_the_fork_server_end_with_the_process_of_the_run() -> None:
    context = multiprocessing.get_context("spawn")
    pids = context.Queue()
    run = context.Process(target=_run, args=(pids,))
    run.start()
    left = [psutil.Process(pid) for pid in pids.get()]
    run.kill()
    run.join()
    gone, alive = psutil.wait_procs(left, timeout=60)
    assert (len(gone), alive) == (2, [])
