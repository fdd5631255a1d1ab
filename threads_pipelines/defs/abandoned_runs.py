"""Fails runs whose process was killed, so that alerts are sent and the runs can be continued.

A killed run cannot report its own end. Without this it would seem to run for ever, and hold the
publisher's place in the pool.
"""

import psutil
from dagster import DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.storage.tags import GRPC_INFO_TAG

from threads_pipelines.defs.launch_lock import LAUNCH_TAG, is_released
from threads_pipelines.defs.orphans import kill_what_is_left
from threads_pipelines.environment import state_folder
from threads_pipelines.process_identity import ProcessIdentity, identify, is_gone, lives

PROCESS_TAG = "threads-pipelines/process"
"""Identity of the process that launched a run from the command line."""
WORKER_TAG = "threads-pipelines/worker"
"""Identity of the process that Dagster's code server started for a run."""
_ACTIVE = [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED, DagsterRunStatus.CANCELING]


def end_abandoned_runs(instance: DagsterInstance, *, in_code_server: bool = False) -> list[str]:
    """Fail the runs whose process is gone, free what they held and kill what is left of them.

    Args:
        instance: Dagster's instance.
        in_code_server: Whether this process is Dagster's code server. It launches runs as processes
            beside itself, so after a restart of its container none of them is left.

    Returns:
        Ids of the runs.
    """
    ended = []
    for run in instance.get_runs(RunsFilter(statuses=_ACTIVE)):
        if _is_abandoned(instance, run, in_code_server):
            instance.report_run_failed(run, "The process that ran it is gone (killed?).")
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
            if launcher := _own_tags(instance, run).get(PROCESS_TAG):
                kill_what_is_left(ProcessIdentity.parse(launcher))
            ended.append(run.run_id)
    return ended


def _is_abandoned(instance: DagsterInstance, run: DagsterRun, in_code_server: bool) -> bool:
    own = _own_tags(instance, run)
    if WORKER_TAG in own:
        return in_code_server and not lives(ProcessIdentity.parse(own[WORKER_TAG]))
    if PROCESS_TAG in own:
        launch = run.tags.get(LAUNCH_TAG)
        if launch is not None and is_released(state_folder(), launch):
            return True
        return is_gone(ProcessIdentity.parse(own[PROCESS_TAG]))
    if not in_code_server or GRPC_INFO_TAG not in run.tags:
        return False
    pid = _pid_in_log(instance, run)
    if pid is None:
        return False  # it has not begun: Dagster's own monitoring ends it if it never does
    worker = _worker(pid)
    if worker is not None:
        instance.add_run_tags(run.run_id, {WORKER_TAG: str(worker)})
    return worker is None


def _own_tags(instance: DagsterInstance, run: DagsterRun) -> dict[str, str]:
    """Identities that are the run's own; a run that continues another inherits that one's tags."""
    parent = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    inherited = parent.tags if parent else {}
    return {
        name: run.tags[name]
        for name in (WORKER_TAG, PROCESS_TAG)
        if name in run.tags and run.tags[name] != inherited.get(name)
    }


def _pid_in_log(instance: DagsterInstance, run: DagsterRun) -> int | None:
    """Return the process number that Dagster's log names for the run; None if there is none yet."""
    for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.ENGINE_EVENT):
        event = entry.get_dagster_event()
        pid = event.engine_event_data.metadata.get("pid")
        if pid is not None and "Started process for run" in (event.message or ""):
            return int(str(pid.value))
    return None


def _worker(pid: int) -> ProcessIdentity | None:
    """Return the identity of a living process that runs our Python; None for any other process."""
    try:
        identity = identify(pid)
        ours = psutil.Process(pid).exe() == psutil.Process().exe()
    except (ProcessLookupError, psutil.NoSuchProcess, psutil.AccessDenied):
        return None  # gone, or of another user: the number was given again
    return identity if ours and lives(identity) else None
