"""The command setup: database, bucket, Dagster's database and the pipeline's own login."""

from dataclasses import replace

import click
from sqlalchemy import URL, make_url

from threads_pipelines import settings
from threads_pipelines.cli.run import prepare
from threads_pipelines.cli.stack import start_needed
from threads_pipelines.errors import ConfigurationError, DatabaseError
from threads_pipelines.health import findings as health
from threads_pipelines.health.probes import run_health_checks
from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.postgres.accounts import roles
from threads_pipelines.storage.postgres.provision import ensure_database


@click.command()
@click.option("--role", help="Also provide the login that the pipeline is to work under.")
@click.option("--synthetic", is_flag=True, help="Let it make and remove synthetic accounts too.")
def setup(role: str | None, synthetic: bool) -> None:
    """Prepare the database, the bucket and Dagster's database; check the app's own tables.

    With --role, run as the tables' owner: the login gets the least it needs (sql/roles.sql), the
    password in THREADS_ROLE_PASSWORD, and Dagster's database. Where the owner may not do all of
    it, nothing is done, and the statements that an administrator has to run are listed. At the end
    the login is tried.
    """
    loaded = start_needed()
    if role is None:
        prepare(loaded)
        ensure_database(loaded.dagster_database_url, variable="DAGSTER_DATABASE_URL")
    else:
        _provide_role(loaded, role, synthetic)
    click.echo("Ready.")


def _provide_role(loaded: settings.Settings, role: str, synthetic: bool) -> None:
    if not loaded.role_password:
        raise ConfigurationError(f"THREADS_ROLE_PASSWORD is not set: the password for {role}")
    engine = database.connect(loaded.database_url)
    app, dagster = make_url(loaded.database_url), make_url(loaded.dagster_database_url)
    beside = (app.host, app.port or 5432) == (dagster.host, dagster.port or 5432)
    name = dagster.database if beside else None
    roles.require_setup_rights(engine, role, synthetic=synthetic, dagster_database=name)
    prepare(loaded)
    roles.provide_login(engine, role, loaded.role_password, synthetic=synthetic)
    tried = replace(loaded, database_url_or_none=_under(app, role, loaded.role_password))
    if name:
        roles.provide_database(engine, name, role)
        url = _under(dagster, role, loaded.role_password)
        tried = replace(tried, dagster_database_url_or_none=url)
    findings = run_health_checks(tried, [health.DATABASE, health.DAGSTER_STORAGE])
    if fault := health.stops_a_run(findings, [health.DATABASE, health.DAGSTER_STORAGE]):
        raise DatabaseError(
            f'tried as "{role}" with the password in THREADS_ROLE_PASSWORD: {fault}'
        )
    click.echo(f"  {role} may do what {'synthetic data' if synthetic else 'the night'} needs")


def _under(address: URL, role: str, password: str) -> str:
    """Return the address with another user and password."""
    return address.set(username=role, password=password).render_as_string(hide_password=False)
