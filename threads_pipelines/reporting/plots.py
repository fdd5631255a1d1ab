"""Plots as PNG images, drawn without a display."""

import base64
import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from threads_pipelines.environment import keep_matplotlib_in_state_folder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLOURS = ("#0f62fe", "#8a3ffc", "#198038", "#b98900", "#a8480f", "#5f6a76", "#c2185b")


def intervals(
    title: str, axis: str, bars: Mapping[str, tuple[float, float, float]], width: float = 7.0
) -> bytes:
    """Plot a horizontal bar with an interval for each name.

    Args:
        title: The title.
        axis: Label of the horizontal axis.
        bars: (mean, low, high) by name.
        width: Width in inches.

    Returns:
        PNG.
    """
    figure, axes = _figure(width, 0.8 + 0.42 * max(len(bars), 1))
    names = list(bars)
    means = [bars[name][0] for name in names]
    errors = [
        [max(mean - bars[name][1], 0) for name, mean in zip(names, means, strict=True)],
        [max(bars[name][2] - mean, 0) for name, mean in zip(names, means, strict=True)],
    ]
    colours = [_COLOURS[0] if row == 0 else "#a8b4c0" for row in range(len(names))]
    axes.barh(names, means, xerr=errors, color=colours, ecolor="#161616", capsize=3)
    axes.invert_yaxis()
    axes.set_xlabel(axis)
    axes.set_title(title, loc="left", fontsize=11)
    return _png(figure)


def lines(
    title: str, axis: str, days: Sequence[str], series: Mapping[str, Sequence[float]]
) -> bytes:
    """Plot one line for each name over days.

    Args:
        title: The title.
        axis: Label of the vertical axis.
        days: Labels of the days.
        series: Values for the days by name; NaN leaves a gap.

    Returns:
        PNG.
    """
    figure, axes = _figure(7.0, 3.0)
    for (name, values), colour in zip(series.items(), _cycle(len(series)), strict=True):
        axes.plot(range(len(days)), values, marker="o", color=colour, label=name)
    axes.set_xticks(range(len(days)), days, rotation=30, ha="right", fontsize=8)
    axes.set_ylabel(axis)
    axes.set_title(title, loc="left", fontsize=11)
    axes.legend(frameon=False, fontsize=8)
    return _png(figure)


def line(
    title: str, axis: str, along: str, places: Sequence[float], values: Sequence[float]
) -> bytes:
    """Plot one line through points.

    Args:
        title: The title.
        axis: Label of the vertical axis.
        along: Label of the horizontal axis.
        places: Horizontal positions.
        values: Vertical positions.

    Returns:
        PNG.
    """
    figure, axes = _figure(7.0, 3.0)
    axes.plot(places, values, marker="o", markersize=3, color=_COLOURS[0])
    axes.set_xlabel(along)
    axes.set_ylabel(axis)
    axes.set_ylim(bottom=0)
    axes.set_title(title, loc="left", fontsize=11)
    return _png(figure)


def markdown_image(title: str, png: bytes) -> str:
    """Embed an image in Markdown text, so that metadata needs no separate file.

    Args:
        title: Alternative text.
        png: The image.

    Returns:
        Markdown.
    """
    return f"![{title}](data:image/png;base64,{base64.b64encode(png).decode()})"


def _cycle(count: int) -> list[str]:
    return [_COLOURS[row % len(_COLOURS)] for row in range(count)]


def _figure(width: float, height: float):  # type: ignore[no-untyped-def]  # matplotlib's Axes
    keep_matplotlib_in_state_folder()
    from matplotlib.figure import Figure  # a second that most processes never need

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: "Figure") -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110)
    return buffer.getvalue()
