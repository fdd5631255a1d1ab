"""Commands that use Dagster, which always runs as a separate process."""

import os
import signal
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import yaml

from threads_pipelines import settings
from threads_pipelines.cli.dagster_process import (
    RUN_FAILED,
    dagster_environment,
    launch_job,
    run_job,
)
from threads_pipelines.cli.stack import start_needed
from threads_pipelines.embedded.private import PRIVATE_UMASK
from threads_pipelines.health import findings as health
from threads_pipelines.health.probes import run_health_checks
from threads_pipelines.project_files import WORKSPACE


class _Day(click.ParamType):
    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read a day, or fail with the option's name."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day: write one such as 2026-11-23", param, ctx)


class _RunConfig(click.ParamType):
    name = "FILE|JSON"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> dict[str, Any]:
        """Read run config from a JSON or YAML file, or from the text itself."""
        text = value if value.lstrip().startswith("{") else None
        try:
            parsed = yaml.safe_load(text if text is not None else Path(value).read_text())
        except (OSError, yaml.YAMLError) as error:
            self.fail(f"{value!r} cannot be read: {error}", param, ctx)
        if not isinstance(parsed, dict):
            self.fail(f"{value!r} holds no mapping", param, ctx)
        return parsed


_config = click.option(
    "--config", "run_config", type=_RunConfig(), help="Run config, as the launchpad takes it."
)


@click.command()
@click.argument("job")
@click.option("--partition", type=_Day(), help="Day whose feed is served (default: today).")
@_config
def launch(job: str, partition: date | None, run_config: dict[str, Any] | None) -> None:
    """Launch JOB and follow it to its end, for instance nightly_recommendations."""
    day = partition.isoformat() if partition else None
    launch_job(start_needed(), job, partition=day, run_config=run_config)


@click.command()
@click.option("--from", "first", type=_Day(), required=True, help="First day.")
@click.option("--to", "last", type=_Day(), required=True, help="Last day, included.")
@click.option("--job", default="nightly_recommendations", show_default=True)
@_config
def backfill(first: date, last: date, job: str, run_config: dict[str, Any] | None) -> None:
    """Run the nights of past days again, one after the other.

    A past day is read as of its own 02:00. If the table already has newer rows, the table stays
    unchanged and the result is archived: model, evaluation and scored rows are stored.

    If a day fails, the next ones still run, unless a service fails, because then all would fail.
    The failed days are listed at the end, and the exit code is 1.
    """
    if last < first:
        raise click.BadParameter(f"--to {last} is before --from {first}")
    loaded = start_needed()
    failed, exit_code = [], 0
    for offset in range((last - first).days + 1):
        day = (first + timedelta(days=offset)).isoformat()
        click.secho(f"{job} for {day}", bold=True)
        code = run_job(loaded, job, day, run_config)
        if code == 0:
            continue
        failed.append(day)
        exit_code = code
        if code != RUN_FAILED or _is_ill(loaded):
            break
    if failed:
        click.echo(f"Failed: {', '.join(failed)}", err=True)
        raise click.exceptions.Exit(exit_code)


def _is_ill(loaded: settings.Settings) -> bool:
    fault = health.stops_a_run(
        run_health_checks(loaded, health.NIGHTLY_PARTS), health.NIGHTLY_PARTS
    )
    if fault:
        click.echo(f"Stopped, for the other days would fail as well: {fault}", err=True)
    return fault is not None


@click.command()
@click.argument("run_id")
def retry(run_id: str) -> None:
    """Continue the failed or stopped run RUN_ID: only its failed steps and later ones run again."""
    launch_job(start_needed(), "", retry_of=run_id)


@click.command()
@click.option("--port", default=3000, show_default=True, help="Port of the web server.")
def ui(port: int) -> None:
    """Start Dagster's web server and daemon on 127.0.0.1, until Ctrl-C.

    The web server has no login, so it is accessible from this machine only.
    """
    loaded = start_needed()
    click.echo(f"Dagster: http://127.0.0.1:{port} (Ctrl-C ends it)")
    workspace = str(WORKSPACE)
    command = [sys.executable, "-m", "dagster", "dev", "-w", workspace]
    command += ["-h", "127.0.0.1", "-p", str(port)]
    # A session of its own, so that its code server and daemon can be ended with it.
    server = subprocess.Popen(
        command, env=dagster_environment(loaded), start_new_session=True, umask=PRIVATE_UMASK
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = server.wait()
    except KeyboardInterrupt:
        code = 0
    finally:
        _end(server)
    if code:
        raise click.exceptions.Exit(code)


def _end(server: subprocess.Popen[bytes]) -> None:
    """Ask a process group to stop, and kill what remains of it after a while."""
    for number, patience in ((signal.SIGINT, 10), (signal.SIGKILL, 5)):
        try:
            os.killpg(server.pid, number)
            server.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        except ProcessLookupError:
            return
