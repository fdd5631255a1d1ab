"""A job whose one step is killed as the system kills what wants too much memory."""

import os
import signal

import dagster as dg


@dg.op
def wants_too_much() -> None:
    """Stand for a step that is killed for want of memory."""
    os.kill(os.getpid(), signal.SIGKILL)


@dg.job(executor_def=dg.multiprocess_executor)
def killed() -> None:
    """One step, in a process of its own."""
    wants_too_much()
