"""The command that refreshes feeds between two nights by hand."""

import click

from threads_pipelines.cli.dagster_process import launch_job
from threads_pipelines.cli.stack import start_needed


@click.command()
@click.option("--user", "users", multiple=True, metavar="ID", help="Refresh this account too.")
@click.option(
    "--active-hours",
    type=click.FloatRange(min=0, min_open=True, max=24 * 31),
    help="Refresh those who acted in so many hours before (default: 24).",
)
def refresh(users: tuple[str, ...], active_hours: float | None) -> None:
    """Rank again for recently active people, using events since the last run.

    The refresh is skipped, with a message, while a night, a pin or another refresh runs, while a
    version is pinned, and if nothing happened since the last run.
    """
    config: dict[str, object] = {"users": list(users)} if users else {}
    if active_hours is not None:
        config["active_hours"] = active_hours
    run_config = {"resources": {"refreshed": {"config": config}}} if config else {}
    launch_job(start_needed(), "refresh_recommendations", run_config=run_config)
