"""The console command ``threads-pipelines``: it gathers the commands and words their errors."""

import sys

import click

from threads_pipelines.cli import dagster, operations, run, simulation, stack
from threads_pipelines.cli import files as offline
from threads_pipelines.errors import ThreadsPipelinesError


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


def main() -> None:
    """Entry point: an error that a person can act on is one line, without a trace."""
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as stopped:
        sys.exit(stopped.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        sys.exit(130)
    except ThreadsPipelinesError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
