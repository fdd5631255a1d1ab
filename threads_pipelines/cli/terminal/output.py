"""Prints tables that are not cut in a pipe."""

import sys

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table


def print_table(table: Table) -> None:
    """Print a table: as wide as the terminal, or otherwise as wide as its cells need.

    Args:
        table: The table.
    """
    console = Console()
    if not console.is_terminal:
        wide = console.options.update(max_width=sys.maxsize, width=sys.maxsize)
        console.width = max(Measurement.get(console, wide, table).maximum, console.width)
    console.print(table)
