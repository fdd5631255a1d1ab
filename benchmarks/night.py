"""The whole night at scale: the real jobs on an embedded stack of its own, step by step.

    python -m benchmarks.night --users 100000 --posts 20000 --interactions 10000000

``generate_synthetic_data`` makes the population, then ``nightly_recommendations`` serves yesterday
and today: the first night fills an empty table, the second replaces its rows. Seconds, memory and
rows of a step are what the run itself recorded; the processes are watched from outside as well.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from dagster import DagsterInstance

from benchmarks.app_database import OPTIONS
from benchmarks.processes import Watch
from benchmarks.report import write_report
from threads_pipelines import settings
from threads_pipelines.cli.dagster_process import dagster_environment, launch_job
from threads_pipelines.cli.run import prepare
from threads_pipelines.defs.cost import profile
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.environment import state_folder

Row = dict[str, object]


@click.command()
@click.option("--users", default=100_000, show_default=True, help="Accounts.")
@click.option("--posts", default=20_000, show_default=True, help="Original posts.")
@click.option("--interactions", default=10_000_000, show_default=True, help="Interactions.")
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Folder of the report.")
def main(users: int, posts: int, interactions: int, out: Path | None) -> None:
    """Profile the jobs of a night."""
    folder = out or settings.load().state_dir / "bench"
    size = {"users": users, "posts": posts, "interactions": interactions, "gemma_texts": 0}
    config = {"resources": {"synthetic": {"config": size}}}
    today = datetime.now(UTC).date()
    with own_stack() as loaded:
        prepare(loaded)
        runs = {
            "population": ("generate_synthetic_data", None, config),
            "first night": ("nightly_recommendations", today - timedelta(days=1), {}),
            "second night": ("nightly_recommendations", today, {}),
        }
        steps: list[Row] = []
        processes: list[Row] = []
        for what, (job, day, given) in runs.items():
            began = time.monotonic()
            with Watch() as seen:
                partition = day.isoformat() if day else None
                launch_job(loaded, job, partition=partition, run_config=given)
            whole = {"what": f"{what}, all", "seconds": time.monotonic() - began}
            steps += [
                {**step, "what": f"{what}: {step['what']}"} for step in steps_of_latest_run()
            ] + [whole]
            processes += [
                {"what": f"{what}: {role}", "peak MB": peak} for role, peak in seen.peak.items()
            ]
            processes.append({"what": f"{what}: all together", "peak MB": seen.together})
            # After each, for the sake of whoever does not wait for the last.
            title = f"A night: {users:,} users, {posts:,} posts, {interactions:,} interactions"
            click.echo(write_report("night", steps, folder, title=title, bars="seconds"))
            title = title.replace("A night", "Memory of a night")
            click.echo(write_report("night_memory", processes, folder, title=title, bars="peak MB"))


@contextmanager
def own_stack() -> Iterator[settings.Settings]:
    """The settings of an embedded stack that nobody else uses, gone at the end.

    Whatever servers the environment names are left alone.
    """
    parent = state_folder()
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=parent, prefix="bench-"))
    for name in settings.STACK_VARIABLES:
        os.environ.pop(name, None)
    os.environ["THREADS_STATE_DIR"] = str(folder)
    stack = Stack(folder, ("postgres", "seaweedfs"), postgres_options=OPTIONS)
    try:
        stack.start()
        loaded = settings.load()
        os.environ.update(dagster_environment(loaded))
        yield loaded
    finally:
        stack.stop()
        shutil.rmtree(folder)


def steps_of_latest_run() -> list[Row]:
    """What each step recorded."""
    with DagsterInstance.get() as instance:
        (run,) = instance.get_runs(limit=1)
        costs = profile(instance, run.run_id)
    return [
        {
            "what": cost.step,
            "seconds": cost.seconds,
            "CPU seconds": cost.cpu,
            "peak MB": cost.peak_mb,
            "rows": cost.rows,
        }
        for cost in costs
    ]


if __name__ == "__main__":
    main()
