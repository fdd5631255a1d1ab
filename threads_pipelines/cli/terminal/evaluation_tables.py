"""Prints an evaluation as tables, on a terminal or to a file."""

from rich.console import Console
from rich.table import Table

from threads_pipelines.cli.terminal.output import print_whole
from threads_pipelines.evaluation.bootstrap import Estimate
from threads_pipelines.evaluation.metrics import CUTOFFS
from threads_pipelines.evaluation.report import GROUPS, EvaluationReport


def show_report(report: EvaluationReport, console: Console) -> None:
    """Print one table for each group of users.

    Args:
        report: The report.
        console: The output.
    """
    console.print(
        f"{report.events:,} events to learn from, {report.pairs:,} pairs to find; "
        f"{report.unreachable:,} more are on posts that did not exist yet",
        soft_wrap=True,
    )
    for group, meaning in GROUPS.items():
        scores = [score for score in report.scores if score.group == group]
        if not scores or not scores[0].users:
            console.print(f"\n{group}: nobody ({meaning})", soft_wrap=True)
            continue
        title = f"{group}: {scores[0].users:,} users, {scores[0].pairs:,} pairs ({meaning})"
        table = Table("", *(score.model for score in scores), title=title, title_justify="left")
        for name in _order(list(scores[0].estimates)):
            table.add_row(name, *(_cell(score.estimates[name]) for score in scores))
        table.add_row("coverage@10", *(f"{score.coverage:.3f}" for score in scores))
        console.print()
        print_whole(table, console)


def _order(names: list[str]) -> list[str]:
    """Sort NDCG first, and the cutoffs of a measure side by side."""
    first = [f"{name}@{k}" for name in ("ndcg", "recall", "precision", "hit_rate") for k in CUTOFFS]
    return [*first, *(name for name in names if name not in first)]


def _cell(estimate: Estimate) -> str:
    return f"{estimate.mean:.3f} ({estimate.low:.3f}–{estimate.high:.3f})"
