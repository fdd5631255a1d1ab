"""The console command ``threads-pipelines``: it gathers the commands and words their errors."""

import sys
from typing import NoReturn

import click

from threads_pipelines.cli import dagster, operations, run, simulation, stack
from threads_pipelines.cli import files as offline
from threads_pipelines.errors import ThreadsPipelinesError

_INTERRUPTED = 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="threads-pipelines")
def cli() -> None:
    """A nightly batch that turns what people did in a social app into the feed they see next.

    Start with `threads-pipelines run`; nothing else has to be installed.
    """


for _command in (
    run.run,
    run.summary,
    operations.setup,
    run.upload_seeds,
    run.remove_synthetic,
    stack.start,
    stack.stop,
    stack.status,
    stack.env,
    dagster.ui,
    dagster.launch,
    dagster.backfill,
    dagster.retry,
    operations.check,
    operations.versions,
    operations.pin,
    operations.release,
    operations.dry_run,
    operations.prune,
    simulation.simulate,
    simulation.fake_users,
    offline.recommend,
    offline.evaluate,
):
    cli.add_command(_command)


def main() -> NoReturn:
    """Run the command, print an error as one line without a trace, and exit.

    The exit code is 0 for success, 1 for a failure, 2 for a request that is refused (an unknown
    option, a wrong setting or run config) and 130 after Ctrl-C.
    """
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
    sys.exit(code)


if __name__ == "__main__":
    main()
