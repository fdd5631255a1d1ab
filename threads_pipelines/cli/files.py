"""The two console commands that need nothing but files; what they say goes to standard error."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from threads_pipelines.cli.options import INSTANT
from threads_pipelines.evaluation.metrics import CUTOFFS, Estimate
from threads_pipelines.evaluation.report import GROUPS, EvaluationReport
from threads_pipelines.files import commands
from threads_pipelines.files.writing import check_writable, is_standard_output, write_text

FILE = click.Path(path_type=Path)
_WIDTH = 170
"""Columns of a report that is not written to a terminal."""


def _inputs(command: Callable[..., None]) -> Callable[..., None]:
    """The options that both commands have."""
    for option in (
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
        click.option("--posts", type=FILE, help="post_id[, content, author_id, created_at]."),
        click.option(
            "--interactions",
            type=FILE,
            required=True,
            help="user_id, post_id[, interaction_type, created_at] as CSV or CSV.gz.",
        ),
    ):
        command = option(command)
    return command


@click.command()
@_inputs
@click.option("--users", type=FILE, help="user_id of those who want a feed; default: everybody.")
@click.option("--out", type=FILE, required=True, help="CSV of the feeds, gzipped if named .gz.")
def recommend(
    interactions: Path,
    posts: Path | None,
    users: Path | None,
    as_of: datetime | None,
    top_k: int,
    settings: str | None,
    seed: int,
    out: Path,
) -> None:
    """Rank posts for every user of a file of interactions; no server is needed.

    Columns of the output: user_id, post_id, score, rank, reason. Settings are chosen on validation
    and printed as JSON, which --settings takes back.
    """
    check_writable(out, interactions, posts, users, _file(settings))
    beside = is_standard_output(out)
    console = Console(stderr=True)
    with _Progress(console) as progress:
        done = commands.recommend(
            _files(interactions, posts, users, as_of),
            out,
            top_k=top_k,
            settings=None if settings is None else commands.read_settings(settings, progress.note),
            seed=seed,
            progress=progress,
            note=progress.note,
        )
    click.echo(done.settings.model_dump_json(indent=2), err=beside)
    written, asked = done.written, int(done.read.snapshot.users.receives.sum())
    some = f"{written.users:,} of " if written.users < asked else ""
    short = f", {written.short:,} with fewer than {top_k}" if written.short else ""
    console.print(f"{written.rows:,} rows for {some}{asked:,} users{short}: {out}", markup=False)


@click.command()
@_inputs
@click.option("--json", "json_file", type=FILE, help="Also write the whole report to this file.")
def evaluate(
    interactions: Path,
    posts: Path | None,
    as_of: datetime | None,
    top_k: int,
    settings: str | None,
    seed: int,
    json_file: Path | None,
) -> None:
    """Hold out the end of a file of interactions and show how well it is foreseen.

    Beside the baselines and the seeds' formulas; means with 95% confidence intervals.
    """
    if json_file:
        check_writable(json_file, interactions, posts, _file(settings))
    with _Progress(Console(stderr=True)) as progress:
        report = commands.evaluate(
            _files(interactions, posts, None, as_of),
            top_k=top_k,
            settings=None if settings is None else commands.read_settings(settings, progress.note),
            seed=seed,
            progress=progress,
            note=progress.note,
        )
    _show(report, Console(stderr=is_standard_output(json_file)))
    if json_file:
        write_text(json_file, report.to_json())


def _files(
    interactions: Path, posts: Path | None, users: Path | None, as_of: datetime | None
) -> commands.Inputs:
    seconds = int(as_of.timestamp()) if as_of else None
    return commands.Inputs(interactions, posts, users, seconds, int(time.time()))


def _file(settings: str | None) -> Path | None:
    return Path(settings) if settings else None


class _Progress:
    """What is going on: one changing line on a terminal, a line each elsewhere."""

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
        """A line that stays."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)


def _show(report: EvaluationReport, console: Console) -> None:
    if not console.is_terminal:
        console.width = _WIDTH
    console.print(
        f"{report.events:,} events to learn from, {report.pairs:,} pairs to find; "
        f"{report.unreachable:,} more are on posts that did not exist yet"
    )
    for group, meaning in GROUPS.items():
        scores = [score for score in report.scores if score.group == group]
        if not scores or not scores[0].users:
            console.print(f"\n{group}: nobody ({meaning})")
            continue
        title = f"{group}: {scores[0].users:,} users, {scores[0].pairs:,} pairs ({meaning})"
        table = Table("", *(score.model for score in scores), title=title, title_justify="left")
        for name in _order(list(scores[0].estimates)):
            table.add_row(name, *(_cell(score.estimates[name]) for score in scores))
        table.add_row("coverage@10", *(f"{score.coverage:.3f}" for score in scores))
        console.print()
        console.print(table)


def _order(names: list[str]) -> list[str]:
    """NDCG first, each measure's cutoffs side by side."""
    first = [f"{name}@{k}" for name in ("ndcg", "recall", "precision", "hit_rate") for k in CUTOFFS]
    return [*first, *(name for name in names if name not in first)]


def _cell(estimate: Estimate) -> str:
    return f"{estimate.mean:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"
