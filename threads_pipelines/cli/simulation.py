"""Commands for the living app: simulate, and fake-users cap or remove."""

import click

from threads_pipelines.cli.dagster_process import launch_job
from threads_pipelines.cli.options import WITH_REAL_ACCOUNTS, consent
from threads_pipelines.cli.stack import start_needed
from threads_pipelines.simulation import database as storage
from threads_pipelines.simulation import passed
from threads_pipelines.simulation.fake_users import RUN_KEY
from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.postgres.accounts.real import refuse_beside_real_accounts
from threads_pipelines.storage.postgres.accounts.remove import remove_synthetic
from threads_pipelines.storage.s3.objects import ObjectStore


@click.command()
@WITH_REAL_ACCOUNTS
def simulate(with_real_accounts: bool) -> None:
    """Let the fake users post and act once, now; the first run creates them.

    For a tick every minute turn on the schedule `every_minute` (make ui, Automation). If there are
    real accounts, both refuse, unless --with-real-accounts or THREADS_WITH_REAL_ACCOUNTS allows
    fake users beside them.
    """
    loaded = start_needed()
    refuse_beside_real_accounts(
        database.connect(loaded.database_url),
        allowed=with_real_accounts or loaded.with_real_accounts,
    )
    launch_job(loaded, "manual_simulation", run_config=consent(with_real_accounts, "simulator"))


@click.group("fake-users")
def fake_users() -> None:
    """Limit the content of the fake users, or remove them."""


@fake_users.command()
@click.option("--posts", default=1_000, show_default=True, type=click.IntRange(min=0))
@click.option(
    "--rows",
    default=10_000,
    show_default=True,
    type=click.IntRange(min=0),
    help="Interactions, likes and comments, of each.",
)
def cap(posts: int, rows: int) -> None:
    """Delete all but the latest posts and rows of the fake users.

    Deleting a post also deletes what others wrote on it.
    """
    engine = database.connect(start_needed().database_url)
    removed = storage.remove_oldest(engine, posts, rows)
    click.echo(_counted(removed))


@fake_users.command()
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(yes: bool) -> None:
    """Remove the fake users and everything that belongs to them, and no other account.

    Turn off the schedule `every_minute` first; it would continue without them and write nothing.
    """
    loaded = start_needed()
    engine = database.connect(loaded.database_url)
    if not yes:
        click.confirm(
            f"Remove the fake users from {engine.url.host}/{engine.url.database}?", abort=True
        )
    removed = remove_synthetic(engine, RUN_KEY, progress=click.echo)
    ObjectStore(loaded.s3).delete(passed.KEY)
    click.echo(_counted(removed))


def _counted(removed: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {table}" for table, count in removed.items()) + " removed"
