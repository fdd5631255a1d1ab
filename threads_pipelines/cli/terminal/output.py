"""Output that nothing is cut from: as wide as the terminal, in a pipe as wide as it needs."""

import sys

from rich.console import Console, RenderableType
from rich.measure import Measurement
from rich.table import Table


def print_whole(content: RenderableType, console: Console | None = None) -> None:
    """Print a table or another layout without cutting any of its texts.

    A terminal that is too narrow gets more lines.

    Args:
        content: What to print.
        console: Where. Default: standard output.
    """
    console = console or Console()
    if isinstance(content, Table):
        for column in content.columns:
            column.overflow = "fold"
    if not console.is_terminal:
        wide = console.options.update(max_width=sys.maxsize, width=sys.maxsize)
        console.width = max(Measurement.get(console, wide, content).maximum, console.width)
    console.print(content)
