"""Launch a job in this process: ``python -m threads_pipelines.runner.launch JOB``.

The command line starts this module as a process, so that it never imports Dagster itself. The run
is stored in the instance and appears in the UI like any other.
"""

import argparse
import io
import json
import os
import sys
import threading
import traceback
import uuid
from collections.abc import Callable

import dagster as dg
from dagster import DagsterInstance
from dagster._core.storage.tags import PARENT_RUN_ID_TAG

from threads_pipelines import settings
from threads_pipelines.defs.abandoned_runs import PROCESS_TAG, end_abandoned_runs
from threads_pipelines.defs.launch_lock import LAUNCH_TAG, launch_lock
from threads_pipelines.environment import state_folder
from threads_pipelines.errors import ConfigurationError, DatabaseError, ThreadsPipelinesError
from threads_pipelines.process_identity import identify
from threads_pipelines.runner.ending import GO_ON, advice, end_in_silence, stop_when_told
from threads_pipelines.runner.noise import noise_in_file
from threads_pipelines.runner.progress import Progress
from threads_pipelines.runner.request import partition_to_serve, run_to_continue
from threads_pipelines.runner.silence import SilenceWatch

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
    begun: Callable[[Progress], None] = lambda _progress: None,
) -> int:
    """Run a job to its end, and show its progress.

    Args:
        instance: Dagster's instance.
        job_name: Name of the job.
        partition: Day to serve. Default: today, if the job has partitions.
        run_config: Run config of the job.
        retry_of: Id of a failed or stopped run to continue. Only its failed steps and those after
            them run, for the same day and, by default, with the same run config.
        begun: Called before the run is made, with what will follow it.

    Returns:
        The exit code: 0 for success, 1 for a failed run. A run that is stopped kills this process.

    Raises:
        ConfigurationError: The job, the partition or the run to continue does not exist.
    """
    if retry_of:
        failed = run_to_continue(instance, retry_of)
        job_name, partition = failed.job_name, failed.tags.get("dagster/partition")
        run_config = run_config or dict(failed.run_config)
    job = job_named(job_name)
    token = str(uuid.uuid4())
    progress = Progress(instance, LAUNCH_TAG, token)
    begun(progress)
    tags = {PROCESS_TAG: str(identify()), LAUNCH_TAG: token}
    if retry_of:
        tags[PARENT_RUN_ID_TAG] = retry_of
    if job.partitions_def is not None:
        tags["dagster/partition"] = partition_to_serve(job.partitions_def, partition)
    target = dg.build_reconstructable_job(
        __name__, job_named.__name__, reconstructable_kwargs={"name": job_name}
    )
    options = dg.ReexecutionOptions.from_failure(retry_of, instance) if retry_of else None
    with (
        launch_lock(state_folder(), token),
        progress,
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
    with noise_in_file(state_folder() / "logs" / "launch.log") as screen:
        try:
            return _watched_launch(given, screen)
        except (ThreadsPipelinesError, dg.DagsterInvalidConfigError) as error:
            code = getattr(error, "exit_code", ConfigurationError.exit_code)
            os.write(screen, f"Error: {error}\n".encode(errors="backslashreplace"))
            return int(code)


def _watched_launch(given: argparse.Namespace, screen: int) -> int:
    """Launch the run, which ends early when its starter says so or a database is silent."""
    loaded = settings.load()
    followed: list[Progress] = []

    def run_id() -> str | None:
        return followed[0].run_id if followed else None

    watch = SilenceWatch(
        {
            "the app's database": loaded.database_url,
            "Dagster's storage": loaded.dagster_database_url,
        },
        loaded.silence_seconds,
        end_in_silence(screen, run_id),
    )
    try:
        with watch, DagsterInstance.get() as instance:
            for abandoned in end_abandoned_runs(instance):
                print(f"Run {abandoned} lost its process. {GO_ON.format(abandoned)}", flush=True)

            def begun(progress: Progress) -> None:
                followed.append(progress)
                if given.stop_when_told is not None:
                    told = (instance, progress.value, given.stop_when_told, screen)
                    threading.Thread(target=stop_when_told, args=told, daemon=True).start()

            return launch(
                instance,
                given.job,
                partition=given.partition,
                run_config=json.loads(given.config),
                retry_of=given.retry_of,
                begun=begun,
            )
    except ThreadsPipelinesError:
        raise
    except Exception as error:
        fault = watch.fault()
        if fault is None:
            raise
        traceback.print_exc()
        raise DatabaseError(advice(fault, run_id())) from error


if __name__ == "__main__":
    sys.exit(main())
