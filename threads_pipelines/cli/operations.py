"""Commands for the operator: check, versions, adopt, pin, release, dry-run, prune."""

import click
from rich.table import Table

from threads_pipelines import settings
from threads_pipelines.cli.dagster_process import launch_job
from threads_pipelines.cli.stack import start_needed
from threads_pipelines.cli.terminal.output import print_whole
from threads_pipelines.errors import PinError
from threads_pipelines.health import findings as health
from threads_pipelines.health.probes import run_health_checks
from threads_pipelines.storage.history import adopt as adopt_history
from threads_pipelines.storage.history import require_own_history
from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.refreshes.record import read_refreshes
from threads_pipelines.storage.s3.registry import read_registry


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(health.PARTS), help="Only this.")
def check(parts: tuple[str, ...]) -> None:
    """Check every service: report the result, the time it took and what to do.

    The check starts nothing. It writes and deletes one small object on S3. The exit code is 1 if a
    check fails.
    """
    findings = run_health_checks(settings.load(), parts or health.PARTS)
    for finding in findings:
        state = click.style("ok  ", fg="green") if finding.ok else click.style("FAIL", fg="red")
        click.echo(f"{state}  {finding.part} ({finding.seconds:.1f} s): {finding.found}")
        if finding.advice:
            click.echo(f"      {finding.advice}")
    if not all(finding.ok for finding in findings):
        raise click.exceptions.Exit(1)


@click.command()
@click.option("--limit", default=20, show_default=True, help="How many of the latest.")
@click.option("--refreshes", is_flag=True, help="List the refreshes of each night below it.")
def versions(limit: int, refreshes: bool) -> None:
    """List the versions, whether each passed its checks, and which one is served.

    A version in any state but `candidate` can be pinned. An earlier release stored candidates: it
    registered versions before they were checked. A refresh cannot be pinned: pin its night.
    """
    loaded = start_needed()
    store, objects = _artefacts(loaded), ObjectStore(loaded.s3)
    require_own_history(database.connect(loaded.database_url), store)
    registry = read_registry(objects)
    unknown, pinned = None, None
    try:
        found = read_pin(objects)
        pinned = found and found.version
    except PinError as error:  # the list is what is needed to pin a version anew
        unknown = error
    children = read_refreshes(objects) if refreshes else ()
    table = Table("version", "day", "made", "state", "NDCG@10")
    for entry in reversed(registry.entries[-limit:]):
        state = f"{entry.status}, pinned" if entry.version == pinned else entry.status
        score = entry.metrics.get("ndcg@10 all")
        shown = "" if score is None else f"{score:.4f}"
        table.add_row(entry.version, entry.partition, entry.created_at, state, shown)
        for one in reversed([one for one in children if one.parent == entry.version]):
            state = "refresh" if one.published_at else "refresh, not published"
            table.add_row(f"  {one.version}", one.partition, one.as_of, state, "")
    print_whole(table)
    if unknown:
        raise unknown
    count = 0 if refreshes else len(read_refreshes(objects))
    if count:
        click.echo(f"Refreshes not listed: {count}. List them with --refreshes.")


@click.command()
def adopt() -> None:
    """Bind the versions in the bucket to the database that DATABASE_URL names.

    Versions belong to the database that they were made from; every command refuses those of another
    one. Run this after the database was restored, moved to another server, or upgraded.
    """
    loaded = start_needed()
    engine = database.connect(loaded.database_url)
    bound = adopt_history(engine, _artefacts(loaded))
    for other in bound:
        click.echo(f"adopted: versions made from {other}")
    if not bound:
        click.echo("nothing to adopt: every version is this database's already")


def _artefacts(loaded: settings.Settings) -> ArtefactStore:
    return ArtefactStore(ObjectStore(loaded.s3), loaded.state_dir / "scratch")


@click.command()
@click.argument("version", default="")
def pin(version: str) -> None:
    """Roll back to VERSION (default: the one served before) until `release`.

    Its rows are published again as of now, without posts that were seen or deleted since. The
    nights are still evaluated, and publish the pinned version instead of their own.
    """
    _launch("pin_version", "publish_pinned", version=version)


@click.command()
def release() -> None:
    """End a rollback: the next night publishes its own version again."""
    _launch("release_version", "release_pin")


@click.command("dry-run")
@click.option("--partition", default="", help="Day whose version is compared (default: latest).")
def dry_run(partition: str) -> None:
    """Show what publishing a day's version would change, without changing anything."""
    _launch("dry_run", "compare_with_table", partition=partition)


@click.command()
@click.option("--dry-run", "only_tell", is_flag=True, help="Only show what would be deleted.")
def prune(only_tell: bool) -> None:
    """Delete old versions, models and runs; what is served or pinned is kept."""
    _launch("maintenance", "prune_old", dry_run=only_tell)


def _launch(job: str, op: str, **config: object) -> None:
    run_config = {"ops": {op: {"config": config}}} if config else {}
    launch_job(start_needed(), job, run_config=run_config)
