"""The options of the commands that read files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from threads_pipelines.cli.options import INSTANT
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.files.formats.kinds import EVENTS, POSTS, USERS, FileKind
from threads_pipelines.files.formats.options import NO_OPTIONS, FileOptions, parse_options

FILE = click.Path(path_type=Path)


class _ColumnsOption(click.ParamType):
    """What a person says of a file, as ``parse_options`` reads it."""

    name = "ROLE=NAME,..."

    def __init__(self, kind: FileKind) -> None:
        self._kind = kind

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> FileOptions:
        if isinstance(value, FileOptions):
            return value
        try:
            return parse_options(str(value), self._kind.roles)
        except ConfigurationError as error:
            self.fail(str(error), param, ctx)


COLUMNS = {kind: _ColumnsOption(kind) for kind in (EVENTS, POSTS, USERS)}


def input_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that ``recommend`` and ``evaluate`` share.

    Args:
        command: The function of the command.

    Returns:
        The function with the options.
    """
    for option in (
        click.option(
            "--guard",
            is_flag=True,
            help="Let posts whose audience is hardly more alike than chance gives count less.",
        ),
        click.option(
            "--seed",
            type=click.IntRange(min=0),
            default=0,
            show_default=True,
            help="Seed of every random choice.",
        ),
        click.option(
            "--settings", help="JSON file of settings, or the name of a formula; none: tuned."
        ),
        click.option("--top-k", type=click.IntRange(1, 1000), default=50, show_default=True),
        click.option(
            "--as-of", type=INSTANT, help="Read up to here; default: just after the last event."
        ),
        click.option(
            "--posts-columns",
            type=COLUMNS[POSTS],
            default=NO_OPTIONS,
            show_default=False,
            help="The same for --posts: post, content, author, time.",
        ),
        click.option("--posts", type=FILE, help="post_id[, content, author_id, created_at]."),
        click.option(
            "--columns",
            type=COLUMNS[EVENTS],
            default=NO_OPTIONS,
            show_default=False,
            help="Columns of --interactions where they are not recognised: user, post, type and "
            "time, each a name or a position, such as user=userId,post=movieId. Also "
            "separator=comma|tab|colons|semicolon|pipe, header=yes|no, quotes=yes|no, "
            "times=s|ms|us|ns|excel|iso, encoding=utf-8|latin-1|cp1252.",
        ),
        click.option(
            "--interactions",
            type=FILE,
            required=True,
            help="user_id, post_id[, interaction_type, created_at] as CSV, Parquet or JSON lines, "
            "also packed (gz, bz2, xz, zst, zip).",
        ),
    ):
        command = option(command)
    return command
