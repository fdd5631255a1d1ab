"""Renders rows as a Markdown table, with cells escaped."""

from collections.abc import Iterable, Sequence
from typing import Any

# Marks that Markdown or HTML would act on.
_HARMLESS = str.maketrans(
    {"<": "&lt;", ">": "&gt;", "&": "&amp;"} | {mark: f"\\{mark}" for mark in "\\|`*_[]~#"}
)


def markdown_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], width: int = 120) -> str:
    """Format rows as a Markdown table.

    Args:
        columns: The headings.
        rows: Rows, each as long as ``columns``.
        width: Longest cell in characters; longer ones are cut. Cells are escaped.

    Returns:
        Markdown.
    """
    lines = ["| " + " | ".join(columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(_cell(value, width) for value in row) + " |" for row in rows]
    return "\n".join(lines)


def _cell(value: Any, width: int) -> str:
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = " ".join(str(value).split())
    return (text if len(text) <= width else text[: width - 1] + "…").translate(_HARMLESS)
