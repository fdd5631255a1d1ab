"""The command that lists what the engagement guard lets count less."""

from datetime import UTC, datetime
from pathlib import Path

import click
from rich.table import Table

from threads_pipelines.cli.stack import start_needed
from threads_pipelines.cli.terminal.output import print_whole
from threads_pipelines.errors import ArtefactError
from threads_pipelines.reporting.export import ExportTable, export_tables
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.guard import load_flagged
from threads_pipelines.storage.s3.objects import ObjectStore


@click.command()
@click.option("--day", metavar="YYYY-MM-DD", help="A day's version (default: the latest day).")
@click.option(
    "--limit", default=50, show_default=True, help="How many to print, least trust first."
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write all of them to this folder, as report.xlsx and flagged_accounts.parquet.",
)
def flagged(day: str | None, limit: int, out: Path | None) -> None:
    """List the posts and accounts whose events count less for other people's feeds, and why.

    To let one count in full, or nothing, add its id to guard/lists.json in the bucket:
    {"allow": ["ID"], "block": ["ID"]}. The next night and the next refresh read it.
    """
    loaded = start_needed()
    store = ArtefactStore(ObjectStore(loaded.s3), loaded.state_dir / "scratch")
    day = day or max(store.partitions(), default=None)
    if day is None:
        raise ArtefactError("no night has run yet: run nightly_recommendations first")
    manifest = store.manifest(day)
    if manifest.facts.guard is None:
        click.echo(f"The engagement guard was off for version {manifest.version} of {day}.")
        return
    rows = load_flagged(store, day, manifest.version)
    table = Table("kind", "id", "trust", "people", "reason")
    for row in rows.slice(0, limit).to_pylist():
        trust = f"{row['trust']:.3f}"
        table.add_row(row["kind"], row["id"], trust, f"{row['people']:,}", row["reason"])
    print_whole(table)
    facts = manifest.facts.guard
    click.echo(
        f"Version {manifest.version} of {day}: {facts.doubted_posts:,} of "
        f"{facts.judged_posts:,} judged posts and {facts.flagged_accounts:,} accounts count less, "
        f"{facts.discounted_events:.2%} of the events."
    )
    if out is not None:
        exported = ExportTable("flagged_accounts", rows.schema, rows.to_batches())
        export_tables([exported], out, datetime.now(UTC).replace(tzinfo=None))
        click.echo(f"Written to {out}.")
