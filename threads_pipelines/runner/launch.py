"""Launch a job in this process: ``python -m threads_pipelines.runner.launch JOB``.

The command line starts this module as a process, so that it never imports Dagster itself. The run
is stored in the instance and appears in the UI like any other.
"""

import argparse
import io
import json
import os
import signal
import sys
import threading
import uuid

import dagster as dg
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from threads_pipelines.defs.abandoned_runs import PROCESS_TAG, end_abandoned_runs
from threads_pipelines.defs.launch_lock import LAUNCH_TAG, launch_lock, lock_file
from threads_pipelines.environment import state_folder
from threads_pipelines.errors import ConfigurationError, ThreadsPipelinesError
from threads_pipelines.process_identity import identify
from threads_pipelines.runner.progress import Progress

_CONTINUABLE = {DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
# Every event is in the instance; the console shows what ``Progress`` words.
_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}


def job_named(name: str) -> dg.JobDefinition:
    """Find a job.

    Args:
        name: Name of the job.

    Returns:
        The job.

    Raises:
        ConfigurationError: There is no such job; the message lists all jobs.
    """
    from threads_pipelines.definitions import defs

    known = sorted(job.name for job in defs.jobs or ())
    if name not in known:
        raise ConfigurationError(f"There is no job {name!r}: choose one of {', '.join(known)}")
    return defs.resolve_job_def(name)


def launch(
    instance: DagsterInstance,
    job_name: str,
    *,
    partition: str | None = None,
    run_config: dict[str, object] | None = None,
    retry_of: str | None = None,
    stop_when_told: int | None = None,
) -> int:
    """Run a job to its end, and show its progress.

    Args:
        instance: Dagster's instance.
        job_name: Name of the job.
        partition: Day to serve. Default: today, if the job has partitions.
        run_config: Run config of the job.
        retry_of: Id of a failed or stopped run to continue. Only its failed steps and those after
            them run, for the same day and, by default, with the same run config.
        stop_when_told: Descriptor of a pipe; the run is stopped when the pipe gets a byte or is
            closed.

    Returns:
        The exit code: 0 for success, 1 for a failed run. A run that is stopped kills this process.

    Raises:
        ConfigurationError: The job, the partition or the run to continue does not exist.
    """
    if retry_of:
        failed = _run_to_continue(instance, retry_of)
        job_name, partition = failed.job_name, failed.tags.get("dagster/partition")
        run_config = run_config or dict(failed.run_config)
    job = job_named(job_name)
    token = str(uuid.uuid4())
    if stop_when_told is not None:
        # Dagster redirects the standard error of a step into a file.
        watch = (instance, token, stop_when_told, os.dup(2))
        threading.Thread(target=_stop_when_told, args=watch, daemon=True).start()
    tags = {PROCESS_TAG: str(identify()), LAUNCH_TAG: token}
    if retry_of:
        tags[PARENT_RUN_ID_TAG] = retry_of
    if job.partitions_def is not None:
        tags["dagster/partition"] = _partition(job.partitions_def, partition)
    target = dg.build_reconstructable_job(
        __name__, job_named.__name__, reconstructable_kwargs={"name": job_name}
    )
    options = dg.ReexecutionOptions.from_failure(retry_of, instance) if retry_of else None
    with (
        launch_lock(state_folder(), token),
        Progress(instance, LAUNCH_TAG, token),
        dg.execute_job(
            target,
            instance,
            run_config={**(run_config or {}), "loggers": _QUIET},
            tags=tags,
            reexecution_options=options,
        ) as result,
    ):
        return 0 if result.success else 1


def main(arguments: list[str] | None = None) -> int:
    """Run the command line of this module.

    Args:
        arguments: Arguments in place of ``sys.argv``.

    Returns:
        The exit code of ``launch``, or 2 for an invalid request.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("job", help="name of the job; empty with --retry-of: the failed run's")
    parser.add_argument("--partition", help="day to serve, YYYY-MM-DD (default: today)")
    parser.add_argument("--config", default="{}", help="run config as JSON")
    parser.add_argument("--retry-of", help="id of a failed run to continue")
    parser.add_argument("--stop-when-told", type=int, help="descriptor of a pipe (internal)")
    given = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a character that the encoding lacks: an escape
            stream.reconfigure(errors="backslashreplace")
    try:
        with DagsterInstance.get() as instance:
            end_abandoned_runs(instance)
            return launch(
                instance,
                given.job,
                partition=given.partition,
                run_config=json.loads(given.config),
                retry_of=given.retry_of,
                stop_when_told=given.stop_when_told,
            )
    except ThreadsPipelinesError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except dg.DagsterInvalidConfigError as error:
        print(f"Error: {error}", file=sys.stderr)
        return ConfigurationError.exit_code


def _stop_when_told(instance: DagsterInstance, token: str, told: int, screen: int) -> None:
    """Stop the run, and all its processes, when its starter says so or ends.

    Dagster's own interrupt would retry the interrupted step under its retry policy.
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
            said = f"Stopped. Go on with: threads-pipelines retry {run.run_id}"
    finally:
        os.write(screen, f"{said}\n".encode())
        os.killpg(0, signal.SIGKILL)  # the starter gave this process a group of its own


def _run_to_continue(instance: DagsterInstance, run_id: str) -> DagsterRun:
    run = instance.get_run_by_id(run_id)
    if run is None or run.status not in _CONTINUABLE:
        state = run.status.value.lower() if run else "not there"
        raise ConfigurationError(
            f"Only a failed or stopped run can be continued: run {run_id} is {state}"
        )
    for later in instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: run_id}), limit=1):
        raise ConfigurationError(
            f"Run {run_id} was continued already, by run {later.run_id} "
            f"({later.status.value.lower()}): name that one, where it is to be continued"
        )
    return run


def _partition(partitions: dg.PartitionsDefinition, asked: str | None) -> str:
    known = partitions.get_partition_keys()
    if asked is None:
        return known[-1]
    if asked not in known:
        raise ConfigurationError(
            f"There is no partition {asked!r}: days go from {known[0]} to {known[-1]}"
        )
    return asked


if __name__ == "__main__":
    sys.exit(main())
