"""Commands for the operator: check, pin, release, prune."""

import click
from rich.console import Console
from rich.table import Table

from threads_pipelines import settings
from threads_pipelines.operations import health
from threads_pipelines.storage.health import look


@click.command()
@click.option("--part", "parts", multiple=True, type=click.Choice(health.PARTS), help="Only this.")
def check(parts: tuple[str, ...]) -> None:
    """Look at every part: what was found, how long it took and what to do.

    Nothing is started or changed but one small object, written and deleted. The exit code is 1
    where a part is ill.
    """
    findings = look(settings.load(), parts or health.PARTS)
    table = Table("part", "", "found", "seconds", "what to do")
    for finding in findings:
        state = "[green]well[/]" if finding.ok else "[red]ill[/]"
        table.add_row(finding.part, state, finding.found, f"{finding.seconds:.2f}", finding.advice)
    Console().print(table)
    if not all(finding.ok for finding in findings):
        raise click.exceptions.Exit(1)
