"""Commands for data: run (the whole job), summary, upload-seeds, remove-synthetic."""

import time
from collections import Counter
from datetime import UTC, datetime

import click
from rich.console import Console

from threads_pipelines import settings
from threads_pipelines.cli.dagster_process import launch_job
from threads_pipelines.cli.options import INSTANT, WITH_REAL_ACCOUNTS, consent
from threads_pipelines.cli.stack import start_needed
from threads_pipelines.cli.terminal.output import print_whole
from threads_pipelines.dataset.identity import TEST_ACCOUNT_IDS
from threads_pipelines.project_files import SEEDS_DIR
from threads_pipelines.reporting.account_feeds import account_feeds
from threads_pipelines.reporting.summary import summary as worded
from threads_pipelines.storage import feeds
from threads_pipelines.storage.postgres import contract, database
from threads_pipelines.storage.postgres.accounts.real import refuse_beside_real_accounts
from threads_pipelines.storage.postgres.accounts.remove import remove_synthetic as remove
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.synthetic.catalogue import sources_of_posts
from threads_pipelines.storage.s3.synthetic.run_keys import forget_run_key, run_keys
from threads_pipelines.storage.s3.synthetic.seed_files import upload_seeds as upload


def prepare(loaded: settings.Settings) -> None:
    """Create what a first run needs; what exists is left unchanged.

    Args:
        loaded: The settings.
    """
    store = ObjectStore(loaded.s3)
    store.ensure_bucket()
    for key in upload(store, SEEDS_DIR, replace=False):
        click.echo(f"  uploaded {key}")
    engine = database.connect(loaded.database_url)
    if contract.create_schema(engine):
        click.echo("  created the app's tables in the empty database")
    contract.require_contract(engine)


@click.command()
@click.option("--as-of", type=INSTANT, help="Read up to this instant instead of now.")
@WITH_REAL_ACCOUNTS
def run(as_of: datetime | None, with_real_accounts: bool) -> None:
    """Run the whole pipeline on today's partition and show the result.

    Starts the embedded services that are needed, prepares an empty database and bucket, generates
    the synthetic population (once), trains, checks and publishes the feeds. Run it again to publish
    a newer generation, or after a run that was killed. If there are real accounts it refuses,
    unless --with-real-accounts allows synthetic accounts beside them.
    """
    began = time.monotonic()
    click.secho("Starting what is needed", bold=True)
    loaded = start_needed()
    prepare(loaded)
    refuse_beside_real_accounts(
        database.connect(loaded.database_url),
        allowed=with_real_accounts or loaded.with_real_accounts,
    )
    click.secho("Running full_pipeline", bold=True)
    ops = {"interaction_matrix": {"config": {"as_of": as_of.isoformat()}}} if as_of else {}
    launch_job(
        loaded, "full_pipeline", run_config={"ops": ops, **consent(with_real_accounts, "synthetic")}
    )
    show(loaded)
    page = loaded.state_dir / "reports" / "comparison.html"
    click.echo(f"\nDone in {time.monotonic() - began:.0f} s. What to open and to type next:")
    click.echo(f"  {page.as_uri()}")
    click.echo("  make ui                          look at it in Dagster")
    click.echo('  eval "$(threads-pipelines env)"  the addresses, for psql or the app')
    click.echo("  make stop                        stop the embedded stack, keep its data")


@click.command()
def summary() -> None:
    """Show what is in the database, and the two test accounts' feeds side by side."""
    show(settings.load())


def show(loaded: settings.Settings) -> None:
    """Print the summary.

    Args:
        loaded: The settings.
    """
    now = datetime.now(UTC).replace(tzinfo=None)
    store = ObjectStore(loaded.s3)
    artefacts = ArtefactStore(store, loaded.state_dir / "scratch")
    engine = database.connect(loaded.database_url)
    readers = feeds.find_readers(engine, now, TEST_ACCOUNT_IDS, others=2)[:2]
    accounts = account_feeds(engine, artefacts, readers, now)
    console = Console()
    sources = Counter(sources_of_posts(store))
    width = console.width if console.is_terminal else None
    console.print()
    print_whole(worded(feeds.count_rows(engine, now), sources, accounts, width), console)


@click.command("upload-seeds")
def upload_seeds() -> None:
    """Upload the seed files, replacing those in the bucket."""
    store = ObjectStore(start_needed().s3)
    store.ensure_bucket()
    for key in upload(store, SEEDS_DIR):
        click.echo(f"uploaded {key}")


@click.command("remove-synthetic")
@click.option("--run-key", help="Only the population of this run key (default: all of them).")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove_synthetic(run_key: str | None, yes: bool) -> None:
    """Remove synthetic accounts and everything that belongs to them; never a real account.

    An account is removed only if both its email and its id prove that the pipeline made it.
    """
    loaded = start_needed()
    engine, store = database.connect(loaded.database_url), ObjectStore(loaded.s3)
    which = f"the population {run_key!r}" if run_key else "every synthetic population"
    if not yes:
        click.confirm(f"Remove {which} from {engine.url.host}/{engine.url.database}?", abort=True)
    removed = remove(engine, run_key, progress=click.echo)
    for name in [run_key] if run_key else run_keys(store):
        forget_run_key(store, name)
    click.echo(", ".join(f"{count:,} {table}" for table, count in removed.items()) + " removed")
