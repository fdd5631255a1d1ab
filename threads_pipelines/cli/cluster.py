"""The command that prepares a cluster of Dask workers."""

import os
from pathlib import Path

import click

from threads_pipelines.certificates import self_signed


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def cluster_certificate(path: Path) -> None:
    """Make the certificate that a Dask scheduler, its workers and the pipeline share.

    PATH receives a private key and its certificate as PEM, of mode 0600. Give the same file to all
    of them (docs/scaling.md). A file that exists is kept.
    """
    made = self_signed("threads-pipelines cluster")
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(made)
    except FileExistsError:
        click.echo(f"{path} exists and is kept.")
        return
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written ({error.strerror})") from error
    click.echo(f"{path} is made: give it to the scheduler, the workers and the pipeline.")
