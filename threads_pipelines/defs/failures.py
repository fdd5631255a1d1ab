"""Extracts the cause of a failed step for a message."""

from dagster import DagsterEvent

from threads_pipelines import errors

_WORDED = {"Failure", *(name for name in vars(errors) if name.endswith("Error"))}


def failure_of(event: DagsterEvent) -> str:
    """Return why a step failed, without the trace.

    Args:
        event: The failure event.

    Returns:
        The message of the first error of this project in the chain of causes, which may have a
        library's error as its cause; otherwise that of the innermost cause.
    """
    error = event.step_failure_data.error
    if error is not None and error.cls_name == "ChildProcessCrashException":
        return "its process was killed, most often for want of memory: see the machine's log"
    while error is not None and error.cause is not None and error.cls_name not in _WORDED:
        error = error.cause
    if error is None:
        return event.message or "failed"
    return (error.message.partition(f"{error.cls_name}: ")[2] or error.message).strip()
