"""Processes of a run whose own process was killed: they end, and what does not end is killed."""

import multiprocessing
import os
import signal
import threading
from contextlib import suppress

import psutil

from threads_pipelines.process_identity import ProcessIdentity, identify

_watched = threading.Event()


def end_with_the_run() -> None:
    """Let the process of a step end when the process of its run does, however that ends.

    Does nothing in a process that is not a step's alone.
    """
    run = multiprocessing.parent_process()
    if run is not None and not _watched.is_set():
        _watched.set()
        threading.Thread(target=_wait_for_the_end, args=(run,), daemon=True).start()


def _wait_for_the_end(run: multiprocessing.process.BaseProcess) -> None:
    run.join()
    os.kill(os.getpid(), signal.SIGKILL)


def kill_what_is_left(launcher: ProcessIdentity) -> int:
    """Kill the processes that a killed launcher left on this machine.

    Every launched run is a session of its own. A number that still names a session is not given
    to another process.

    Args:
        launcher: The process that launched the run, which has ended.

    Returns:
        Number of processes that were killed.
    """
    here = identify()
    if (launcher.boot, launcher.namespace) != (here.boot, here.namespace):
        return 0
    killed = 0
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            of_the_run = os.getsid(process.pid) == launcher.pid != process.pid
            if of_the_run and process.exe() == psutil.Process().exe():
                process.kill()
                killed += 1
    return killed
