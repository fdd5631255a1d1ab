"""Starts Dagster as a separate process."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import click

from threads_pipelines import settings
from threads_pipelines.embedded.private import PRIVATE_UMASK
from threads_pipelines.environment import child_environment, dagster_home
from threads_pipelines.storage.postgres.provision import ensure_database

INTERRUPTED = 130
RUN_FAILED = 1


def dagster_environment(loaded: settings.Settings) -> dict[str, str]:
    """Make the environment of a Dagster process, and create Dagster's database if it does not
    exist.

    Args:
        loaded: The settings.

    Returns:
        The environment of this process with Dagster's home and the address of its storage.

    Raises:
        DatabaseError: The database cannot be reached or created.
    """
    home = dagster_home(loaded.state_dir)
    ensure_database(loaded.dagster_database_url, variable="DAGSTER_DATABASE_URL")
    return child_environment(
        DAGSTER_HOME=str(home), DAGSTER_DATABASE_URL=loaded.dagster_database_url
    )


def launch_job(
    loaded: settings.Settings,
    job: str,
    *,
    partition: str | None = None,
    run_config: dict[str, Any] | None = None,
    retry_of: str | None = None,
) -> None:
    """Run a job to its end, and show its progress; exit with its exit code if it fails.

    Args:
        loaded: The settings.
        job: Name of the job.
        partition: Day to serve. Default: today, if the job has partitions.
        run_config: Run config of the job.
        retry_of: Id of a failed or stopped run to continue.
    """
    code = run_job(loaded, job, partition, run_config, retry_of)
    if code:
        raise click.exceptions.Exit(code)


def run_job(
    loaded: settings.Settings,
    job: str,
    partition: str | None = None,
    run_config: dict[str, Any] | None = None,
    retry_of: str | None = None,
) -> int:
    """Run a job to its end, and show its progress.

    Args:
        loaded: The settings.
        job: Name of the job.
        partition: Day to serve. Default: today, if the job has partitions.
        run_config: Run config of the job.
        retry_of: Id of a failed or stopped run to continue.

    Returns:
        Its exit code: 0 for success, 1 for a failed run, 2 for an invalid request, 130 after
        Ctrl-C.
    """
    command = [sys.executable, "-m", "threads_pipelines.runner.launch", job]
    command += ["--config", json.dumps(run_config or {})]
    command += ["--partition", partition] if partition else []
    command += ["--retry-of", retry_of] if retry_of else []
    environment = dagster_environment(loaded)
    with _stop_pipe() as (told, stops):
        # Ctrl-C reaches this process alone, which tells the other one by the pipe; the pipe also
        # ends with this process, so that no run goes on without it.
        run = subprocess.Popen(
            [*command, "--stop-when-told", str(told)],
            env=environment,
            pass_fds=(told,),
            start_new_session=True,
            umask=PRIVATE_UMASK,
        )
        code = run.wait()
    with suppress(ProcessLookupError):
        os.killpg(run.pid, signal.SIGKILL)  # the steps of a run whose process was killed
    if code >= 0 or stops:
        return INTERRUPTED if code < 0 else code
    click.echo(
        f"Error: the process of the run was killed ({signal.Signals(-code).name}). The next "
        "command marks the run as failed and names it",
        err=True,
    )
    return RUN_FAILED


@contextmanager
def _stop_pipe() -> Iterator[tuple[int, list[int]]]:
    """Yield the end of a pipe that gets a byte at each Ctrl-C, and the signals that arrived."""
    told, tell = os.pipe()
    stops: list[int] = []

    def tell_it(number: int, _frame: object) -> None:
        stops.append(number)
        os.write(tell, b".")

    handlers = {
        number: signal.signal(number, tell_it) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield told, stops
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        os.close(tell)
        os.close(told)
