"""Commands for data: run (the whole job), summary, setup, upload-seeds, remove-synthetic."""

import time
from datetime import datetime
from typing import Any

import click
from sqlalchemy import make_url

from threads_pipelines import settings
from threads_pipelines.console.dagster import launch_job
from threads_pipelines.console.stack import start_needed
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.recommender.as_of import parse_instant
from threads_pipelines.storage import contract, database, roles
from threads_pipelines.storage.objects import ObjectStore
from threads_pipelines.storage.objects import upload_seeds as upload


class _Instant(click.ParamType):
    name = "TIME"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read a time, or fail with the option's name."""
        try:
            return parse_instant(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def prepare(loaded: settings.Settings) -> None:
    """Make what a first run needs, and nothing that is there already."""
    store = ObjectStore(loaded.s3)
    store.ensure_bucket()
    for key in upload(store, settings.SEEDS_DIR, replace=False):
        click.echo(f"  uploaded {key}")
    engine = database.connect(loaded.database_url)
    if contract.create_schema(engine):
        click.echo("  created the app's tables in the empty database")
    contract.require_contract(engine)


def prepare_role(loaded: settings.Settings, role: str, synthetic: bool) -> None:
    """Provide the login ``role`` and, owned by it, the database that Dagster keeps its runs in."""
    if not loaded.role_password:
        raise ConfigurationError(f"THREADS_ROLE_PASSWORD is not set: the password for {role}")
    engine = database.connect(loaded.database_url)
    roles.provide_login(engine, role, loaded.role_password, synthetic=synthetic)
    dagster_database = make_url(loaded.dagster_database_url).database
    roles.provide_database(engine, str(dagster_database), role)
    click.echo(f"  {role} may do what {'synthetic data' if synthetic else 'the night'} needs")


@click.command()
@click.option("--as-of", type=_Instant(), help="Read up to this instant instead of now.")
def run(as_of: datetime | None) -> None:
    """Run the whole pipeline on today's partition and show what it made.

    Starts the embedded parts that are needed, prepares an empty database and bucket, generates the
    synthetic population (once), trains, checks and publishes the feeds. Run again, it publishes a
    newer generation; killed in the middle, it goes on where it makes a difference.
    """
    began = time.monotonic()
    click.secho("Starting what is needed", bold=True)
    loaded = start_needed()
    prepare(loaded)
    click.secho("Running full_pipeline", bold=True)
    ops = {"interaction_matrix": {"config": {"as_of": as_of.isoformat()}}} if as_of else {}
    launch_job(loaded, "full_pipeline", run_config={"ops": ops})
    click.echo(f"\n{time.monotonic() - began:.0f} s in all")


@click.command()
@click.option("--role", help="Also provide the login that the pipeline is to work under.")
@click.option("--synthetic", is_flag=True, help="Let it make and remove synthetic accounts too.")
def setup(role: str | None, synthetic: bool) -> None:
    """Prepare the database and the bucket; on the app's own database only check its tables.

    With --role, run as the tables' owner: the login gets the least it needs (sql/roles.sql), the
    password in THREADS_ROLE_PASSWORD, and Dagster's database.
    """
    loaded = start_needed()
    prepare(loaded)
    if role:
        prepare_role(loaded, role, synthetic)
    click.echo("Ready.")


@click.command("upload-seeds")
def upload_seeds() -> None:
    """Upload the seed files, replacing those in the bucket."""
    store = ObjectStore(start_needed().s3)
    store.ensure_bucket()
    for key in upload(store, settings.SEEDS_DIR):
        click.echo(f"uploaded {key}")
