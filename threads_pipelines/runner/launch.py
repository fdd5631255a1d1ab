"""Launch a job in this process: ``python -m threads_pipelines.runner.launch JOB``.

The console command starts this module as a process of its own, so that only Dagster's side imports
Dagster. The run is stored in the instance and shows in the UI like any other.
"""

import argparse
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
from threads_pipelines.errors import ConfigurationError, ThreadsPipelinesError
from threads_pipelines.process_identity import identify
from threads_pipelines.runner.progress import Progress

LAUNCH_TAG = "threads-pipelines/launch"
_INTERRUPTED = 130
_CONTINUABLE = {DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
# Every event is in the instance; the console shows what ``Progress`` words.
_QUIET = {"console": {"config": {"log_level": "CRITICAL"}}}


def job_named(name: str) -> dg.JobDefinition:
    """Return the job ``name``; ConfigurationError names the ones there are."""
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
    """Run a job to its end, showing progress.

    partition: day to serve; today where the job has partitions and none is given.
    retry_of: id of a failed or stopped run; only its failed steps and those after them run again,
        for the same day and, where no other is given, with the same run config.
    stop_when_told: descriptor of a pipe; the run is stopped when it gets a byte or is closed.

    Returns:
        The exit code: 0 for success, 1 for a failed run, 130 for one that was stopped.
    """
    if retry_of:
        failed = _run_to_continue(instance, retry_of)
        job_name, partition = failed.job_name, failed.tags.get("dagster/partition")
        run_config = run_config or dict(failed.run_config)
    job = job_named(job_name)
    token = str(uuid.uuid4())
    if stop_when_told is not None:
        watch = (instance, token, stop_when_told)
        threading.Thread(target=_stop_when_told, args=watch, daemon=True).start()
    tags = {PROCESS_TAG: str(identify()), LAUNCH_TAG: token}
    if job.partitions_def is not None:
        tags["dagster/partition"] = _partition(job.partitions_def, partition)
    target = dg.build_reconstructable_job(
        __name__, job_named.__name__, reconstructable_kwargs={"name": job_name}
    )
    options = dg.ReexecutionOptions.from_failure(retry_of, instance) if retry_of else None
    with (
        Progress(instance, LAUNCH_TAG, token),
        dg.execute_job(
            target,
            instance,
            run_config={**(run_config or {}), "loggers": _QUIET},
            tags=tags,
            reexecution_options=options,
        ) as result,
    ):
        succeeded = result.success
    if not succeeded and _status(instance, result.run_id) is DagsterRunStatus.CANCELED:
        print(f"Stopped. Go on with: threads-pipelines retry {result.run_id}", file=sys.stderr)
        return _INTERRUPTED
    return 0 if succeeded else 1


def main(arguments: list[str] | None = None) -> int:
    """Entry point; the exit code is that of ``launch``, or 2 for a wrong request."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("job", help="name of the job; empty with --retry-of: the failed run's")
    parser.add_argument("--partition", help="day to serve, YYYY-MM-DD (default: today)")
    parser.add_argument("--config", default="{}", help="run config as JSON")
    parser.add_argument("--retry-of", help="id of a failed run to continue")
    parser.add_argument("--stop-when-told", type=int, help="descriptor of a pipe (internal)")
    given = parser.parse_args(arguments)
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
    except KeyboardInterrupt:  # before the run began: it left nothing to go on with
        print("Stopped.", file=sys.stderr)
        return _INTERRUPTED
    except ThreadsPipelinesError as error:
        print(f"Error: {error}", file=sys.stderr)
        return error.exit_code
    except dg.DagsterInvalidConfigError as error:
        print(f"Error: {error}", file=sys.stderr)
        return ConfigurationError.exit_code


def _stop_when_told(instance: DagsterInstance, token: str, told: int) -> None:
    """Cancel the run at the first word from the starter, and kill its processes at the second."""
    os.read(told, 1)  # returns at the end of the starter, too
    for run in instance.get_runs(dg.RunsFilter(tags={LAUNCH_TAG: token})):
        # Otherwise the run counts as failed by itself, and the daemon continues it.
        instance.report_run_canceling(run)
    os.kill(os.getpid(), signal.SIGINT)
    if os.read(told, 1):
        os.killpg(0, signal.SIGKILL)


def _status(instance: DagsterInstance, run_id: str) -> DagsterRunStatus | None:
    run = instance.get_run_by_id(run_id)
    return run.status if run else None


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
