"""Commands for the embedded stack: start, stop, status, env."""

import shlex
from collections.abc import Mapping

import click
from rich.table import Table

from threads_pipelines import settings
from threads_pipelines.cli.terminal.output import print_whole
from threads_pipelines.embedded.part_status import PARTS, needed_parts
from threads_pipelines.embedded.private import make_private
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.environment import running_stack, state_folder
from threads_pipelines.translated_url import libpq_environment


def start_needed() -> settings.Settings:
    """Start the parts of the stack that the environment does not replace.

    Returns:
        The settings after the start.

    Raises:
        StackError: A part cannot be started.
    """
    given = settings.load()
    for warning in make_private(given.state_dir):
        click.echo(f"Warning: {warning}", err=True)
    names = needed_parts(given)
    if names:
        Stack(given.state_dir, names).start(progress=lambda line: click.echo(f"  {line}"))
    return settings.load()


@click.command()
def start() -> None:
    """Start the embedded stack: PostgreSQL, an S3 server and Gemma.

    A part is not started if its variable is set (DATABASE_URL, S3_ENDPOINT_URL, OLLAMA_HOST). A
    running part is left alone; a part that died is started again with its data.
    """
    loaded = start_needed()
    if not loaded.embedded:
        click.echo("Every part has a server of your own: nothing embedded to start.")


@click.command()
def stop() -> None:
    """Stop the embedded stack and keep its data."""
    # Only the folder is asked for: a broken stack.json, which `settings.load` refuses, is no reason
    # not to stop what runs.
    Stack(state_folder(), PARTS).stop(progress=lambda line: click.echo(f"  {line}"))


@click.command()
def status() -> None:
    """Show which parts of the embedded stack run and answer."""
    loaded = settings.load()
    table = Table("part", "state", "address", "process", "log")
    healthy = True
    needed = needed_parts(loaded)
    for part in Stack(loaded.state_dir, PARTS).status():
        state = "answers" if part.healthy else "runs, no answer" if part.running else "stopped"
        if part.name not in needed:
            state = "replaced by your own"
        healthy &= part.healthy or part.name not in needed
        table.add_row(part.title, state, part.address or "", str(part.pid or ""), str(part.log))
    print_whole(table)
    if not healthy:
        raise click.exceptions.Exit(1)


@click.command()
@click.option(
    "--psql", is_flag=True, help="The app's database for psql, whichever server it is on."
)
def env(psql: bool) -> None:
    """Print the addresses of the running parts as shell exports, passwords included.

    Usage: eval "$(threads-pipelines env)". With --psql it prints the variables of libpq, which does
    not know Prisma's parameters: eval "$(threads-pipelines env --psql)"; psql
    """
    if psql:
        _print_exports(libpq_environment(settings.load().database_url))
        return
    exports = running_stack(settings.load().state_dir)
    if not exports:
        raise click.ClickException(
            "The embedded stack does not run: start it with `threads-pipelines start`"
        )
    if "DATABASE_URL" in exports:
        # psql does not know Prisma's `schema`; public is what both mean without it.
        exports["DATABASE_URL"] = exports["DATABASE_URL"].removesuffix("?schema=public")
    _print_exports(exports)


def _print_exports(exports: Mapping[str, str]) -> None:
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")
