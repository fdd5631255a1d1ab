"""How every benchmark shows what it found: a Markdown table, JSON and a bar chart of one column."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
from matplotlib import pyplot as plt

Row = Mapping[str, object]


def write_report(
    name: str, rows: Sequence[Row], folder: Path, *, title: str = "", bars: str | None = None
) -> str:
    """Write ``<name>.md`` and ``<name>.json``, and ``<name>.png`` with one bar a row.

    The first column names a row. bars: the column to draw; none: no picture.
    Returns the Markdown, whose last line says what it was measured on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [f"# {title}\n"] if title else []
    lines += [_line(columns), _line(["---"] * len(columns))]
    lines += [_line([_cell(row.get(column, "")) for column in columns]) for row in rows]
    lines.append(f"\n{machine()}\n")
    text = "\n".join(lines)
    (folder / f"{name}.md").write_text(text)
    (folder / f"{name}.json").write_text(
        json.dumps({"title": title, "machine": machine(), "rows": list(rows)}, indent=1)
    )
    if bars:
        _draw(rows, columns[0], bars, title, folder / f"{name}.png")
    return text


def machine() -> str:
    """What the figures were measured on."""
    return (
        f"Measured on {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {platform.python_version()}."
    )


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)


def _draw(rows: Sequence[Row], label: str, column: str, title: str, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(9, 0.4 * len(rows) + 1.2), layout="constrained")
    values = [float(str(row[column])) for row in rows]
    bars = axes.barh([str(row[label]) for row in rows], values, color="#4878cf")
    axes.bar_label(bars, [_cell(value) for value in values], padding=3)
    axes.invert_yaxis()
    axes.set(xlabel=column, title=title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.12)
    figure.savefig(path, dpi=120)
    plt.close(figure)
