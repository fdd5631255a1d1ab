"""The command ``threads-pipelines``: its subcommands, their errors and exit codes."""

import errno
import io
import sys
from typing import NoReturn

import click

from threads_pipelines.cli.lazy import LazyCommands, LazyGroup, Place
from threads_pipelines.errors import ThreadsPipelinesError

_INTERRUPTED = 130
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR}
_ROOM = "threads_pipelines.cli"
COMMANDS = {
    name: Place(f"{_ROOM}.{module}", name.replace("-", "_"), summary)
    for module, commands in {
        "run": {
            "run": "Run the whole pipeline and show what it made.",
            "summary": "Show what is in the database, and two feeds side by side.",
            "upload-seeds": "Upload the seed files, replacing those in the bucket.",
            "remove-synthetic": "Remove synthetic accounts and everything of theirs.",
        },
        "stack": {
            "start": "Start the embedded stack: PostgreSQL, an S3 server and Gemma.",
            "stop": "Stop the embedded stack and keep its data.",
            "status": "Show which parts of the embedded stack run and answer.",
            "env": "Print the addresses of the running parts, passwords included.",
        },
        "dagster": {
            "ui": "Open Dagster's web server and daemon on 127.0.0.1.",
            "launch": "Launch a job and follow it to its end.",
            "backfill": "Run the nights of past days again, one after the other.",
            "retry": "Continue a failed or stopped run from its failed step.",
        },
        "refresh": {
            "refresh": "Refresh the feeds of recently active people between two nights.",
        },
        "setup": {
            "setup": "Prepare the database, the bucket and Dagster's database.",
        },
        "guard": {
            "flagged": "List the posts and accounts that count less for other people's feeds.",
        },
        "operations": {
            "check": "Look at every part: what was found, and what to do.",
            "versions": "List the versions that can be pinned, and which one is served.",
            "adopt": "Bind the versions in the bucket to the database that DATABASE_URL names.",
            "pin": "Roll back to an earlier version until `release`.",
            "release": "End a rollback: the next night publishes its own version again.",
            "dry-run": "Tell what publishing would change, and change nothing.",
            "prune": "Delete old versions, models and runs.",
        },
        "cluster": {
            "cluster-certificate": "Make the certificate that Dask workers and the pipeline share.",
        },
        "simulation": {
            "simulate": "Let the fake users post and act once, now.",
            "fake-users": "Keep the fake users' content small, or remove them.",
        },
        "files": {
            "recommend": "Rank posts for every user of a file; no server is needed.",
            "evaluate": "Hold out the end of a file and measure how well it is predicted.",
        },
    }.items()
    for name, summary in commands.items()
}
"""Every command: its module in this room, and what the list of commands says of it."""


@click.group(
    cls=LazyGroup,
    commands=LazyCommands(COMMANDS),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(package_name="threads-pipelines")
def cli() -> None:
    """Precompute the feeds of a social app every night, from what its users did.

    Start with `threads-pipelines run`; nothing else has to be installed.
    """


def main() -> NoReturn:
    """Run the command, print an error as one line without a trace, and exit.

    The exit code is 0 for success, 1 for a failure, 2 for a request that is refused (an unknown
    option, a wrong setting or run config) and 130 after Ctrl-C.
    """
    _escape_what_cannot_be_encoded()
    try:
        # Outside standalone mode click returns the code of an `Exit` instead of raising it.
        code = cli.main(standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except click.Abort as stopped:
        interrupted = isinstance(stopped.__context__, KeyboardInterrupt)
        click.echo("Stopped." if interrupted else "Nothing was done.", err=True)
        code = _INTERRUPTED if interrupted else 1
    except ThreadsPipelinesError as error:
        click.echo(f"Error: {error}", err=True)
        code = error.exit_code
    except OSError as error:
        if error.errno not in _NOT_WRITABLE:
            raise
        click.echo(
            f"Error: {error.filename} cannot be written ({error.strerror}): give it to the user "
            "who runs this, or set THREADS_STATE_DIR to another folder",
            err=True,
        )
        code = 1
    sys.exit(code)


def _escape_what_cannot_be_encoded() -> None:
    """Make standard output and error escape the characters that their encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    main()
