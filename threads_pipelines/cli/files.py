"""The commands ``recommend`` and ``evaluate``, which need only files."""

import time
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from threads_pipelines.cli.file_options import COLUMNS, FILE, input_options
from threads_pipelines.cli.terminal.evaluation_tables import show_report
from threads_pipelines.files import commands
from threads_pipelines.files.formats.kinds import USERS
from threads_pipelines.files.formats.options import NO_OPTIONS, FileOptions
from threads_pipelines.files.inputs import Inputs
from threads_pipelines.files.settings_file import read_settings
from threads_pipelines.files.writing import check_writable, is_standard_output, write_text


@click.command()
@input_options
@click.option("--users", type=FILE, help="user_id of those who want a feed; default: everybody.")
@click.option(
    "--users-columns",
    type=COLUMNS[USERS],
    default=NO_OPTIONS,
    show_default=False,
    help="The same for --users: user.",
)
@click.option("--out", type=FILE, required=True, help="CSV of the feeds, gzipped if named .gz.")
def recommend(
    interactions: Path,
    posts: Path | None,
    users: Path | None,
    columns: FileOptions,
    posts_columns: FileOptions,
    users_columns: FileOptions,
    as_of: datetime | None,
    top_k: int,
    settings: str | None,
    seed: int,
    guard: bool,
    out: Path,
) -> None:
    """Rank posts for every user of a file of interactions, without a server.

    Columns of the output: user_id, post_id, score, rank, reason. The settings are chosen on
    validation data and printed as JSON, which --settings accepts.
    """
    check_writable(out, interactions, posts, users, _file(settings))
    beside = is_standard_output(out)
    console = Console(stderr=True)
    with _Progress(console) as progress:
        done = commands.recommend(
            Inputs(
                interactions,
                posts,
                users,
                *_instants(as_of),
                columns,
                posts_columns,
                users_columns,
            ),
            out,
            top_k=top_k,
            settings=None if settings is None else read_settings(settings, progress.note),
            seed=seed,
            guard=guard,
            progress=progress,
            note=progress.note,
        )
    click.echo(done.settings.model_dump_json(indent=2), err=beside)
    written, asked = done.written, int(done.read.snapshot.users.receives.sum())
    some = f"{written.users:,} of " if written.users < asked else ""
    short = f", {written.short:,} with fewer than {top_k}" if written.short else ""
    console.print(f"{written.rows:,} rows for {some}{asked:,} users{short}: {out}", markup=False)


@click.command()
@input_options
@click.option("--json", "json_file", type=FILE, help="Also write the whole report to this file.")
def evaluate(
    interactions: Path,
    posts: Path | None,
    columns: FileOptions,
    posts_columns: FileOptions,
    as_of: datetime | None,
    top_k: int,
    settings: str | None,
    seed: int,
    guard: bool,
    json_file: Path | None,
) -> None:
    """Hold out the end of a file of interactions and measure how well it is predicted.

    The baselines and the formulas of the seeds are measured as well; means have 95% confidence
    intervals.
    """
    if json_file:
        check_writable(json_file, interactions, posts, _file(settings))
    with _Progress(Console(stderr=True)) as progress:
        report = commands.evaluate(
            Inputs(interactions, posts, None, *_instants(as_of), columns, posts_columns),
            top_k=top_k,
            settings=None if settings is None else read_settings(settings, progress.note),
            seed=seed,
            guard=guard,
            progress=progress,
            note=progress.note,
        )
    show_report(report, Console(stderr=is_standard_output(json_file)))
    if json_file:
        write_text(json_file, report.to_json())


def _instants(as_of: datetime | None) -> tuple[int | None, int]:
    """Return ``as_of`` and the present time, as epoch seconds."""
    return int(as_of.timestamp()) if as_of else None, int(time.time())


def _file(settings: str | None) -> Path | None:
    return Path(settings) if settings else None


class _Progress:
    """Prints progress: one changing line on a terminal, otherwise one line for each step."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.status = console.status("starting")

    def __enter__(self) -> "_Progress":
        if self.console.is_terminal:
            self.status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.status.stop()

    def __call__(self, text: str) -> None:
        if self.console.is_terminal:
            self.status.update(Text(text))
        else:
            self.note(text)

    def note(self, text: str) -> None:
        """Print a line that stays."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)
