"""How a launched run ends before its time: its starter says so, or a database is silent."""

import os
import signal
from collections.abc import Callable

import dagster as dg
import psutil
from dagster import DagsterInstance

from threads_pipelines.defs.launch_lock import LAUNCH_TAG, lock_file
from threads_pipelines.environment import state_folder

GO_ON = "Go on with: threads-pipelines retry {}"


def stop_when_told(instance: DagsterInstance, token: str, told: int, screen: int) -> None:
    """Stop the run, and all its processes, when its starter says so or ends.

    Dagster's own interrupt would retry the interrupted step under its retry policy.

    Args:
        instance: Dagster's instance.
        token: Value of the tag ``LAUNCH_TAG`` of the run.
        told: Descriptor of a pipe that gets a byte, or is closed.
        screen: Descriptor that people read.
    """
    os.read(told, 1)  # returns at the end of the starter, too
    said = "Stopped."
    try:
        for run in instance.get_runs(dg.RunsFilter(tags={LAUNCH_TAG: token})):
            if run.is_finished:
                continue
            instance.report_run_canceled(run, "It was stopped where it was launched.")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            lock_file(state_folder(), token).unlink(missing_ok=True)
            said = f"Stopped. {GO_ON.format(run.run_id)}"
    finally:
        os.write(screen, f"{said}\n".encode())
        os.killpg(0, signal.SIGKILL)  # the starter gave this process a group of its own


def end_in_silence(screen: int, run_id: Callable[[], str | None]) -> Callable[[str], None]:
    """Make what ends this process and its steps where a database is silent, with one line.

    Args:
        screen: Descriptor that people read.
        run_id: Returns the run's id once it is known.

    Returns:
        A function that takes what is wrong, and does not return.
    """

    def end(fault: str) -> None:
        os.write(screen, f"Error: {advice(fault, run_id())}\n".encode())
        for process in psutil.Process().children(recursive=True):
            process.kill()
        os._exit(1)  # nothing is left to write to, and Dagster's own ending waits for its storage

    return end


def advice(fault: str, run_id: str | None) -> str:
    """Say what is wrong and how to go on once it is mended.

    Args:
        fault: What is wrong with which database.
        run_id: Id of the run, if it is known.

    Returns:
        One line.
    """
    go_on = GO_ON.format(run_id) if run_id else "Then run it again"
    return f"{fault}. The run was ended. Once it answers again: {go_on[0].lower()}{go_on[1:]}"
