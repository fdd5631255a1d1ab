"""Exports tables as an Excel workbook and as Parquet, as streams.

One batch is in memory at a time, whatever the number of rows.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from threads_pipelines.reporting.cells import append_header, cell

if TYPE_CHECKING:
    from openpyxl import Workbook

SHEET_ROWS = 1_048_576
"""Rows of an Excel sheet, its header included."""

WORKBOOK = "report.xlsx"

_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class ExportTable:
    """A table to write.

    Attributes:
        name: Name of the sheet and of the Parquet file: 1 to 24 of a-z, 0-9 and underscores.
        schema: Types of the columns.
        batches: The rows, read once; times are naive UTC or have a time zone.
    """

    name: str
    schema: pa.Schema
    batches: Iterable[pa.RecordBatch]


@dataclass(frozen=True, slots=True)
class Exported:
    """The files that were written, in order, and the number of rows of each table."""

    workbook: Path
    parquet: tuple[Path, ...]
    rows: dict[str, int]


def export_tables(
    tables: Sequence[ExportTable],
    folder: Path,
    exported_at: datetime,
    *,
    sheet_rows: int = SHEET_ROWS,
    progress: Callable[[str], None] | None = None,
) -> Exported:
    """Write ``report.xlsx`` and ``<table>.parquet`` to a folder; older files are replaced.

    Args:
        tables: The tables.
        folder: The folder; it is created if it does not exist.
        exported_at: Naive UTC; shown on the first sheet with the counts.
        sheet_rows: Rows of a sheet, header included; a longer table continues in "name (2)".
        progress: Called with one sentence for each table.

    Returns:
        The files and the number of rows.

    Raises:
        ValueError: A name cannot be that of a sheet, or is used twice.
    """
    _check_names(tables)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    sheets: list[tuple[str, str, int]] = []
    # Old files stay until all of the new ones are there.
    with TemporaryDirectory(prefix=".export-", dir=folder) as unfinished, _workbook() as workbook:
        # The sheets keep the order of their making, and the counts are known last: the first sheet
        # is made now and filled at the end.
        summary = _sheet(workbook, "export", [20, 24, 14])
        for table in tables:
            if progress:
                progress(f"Exporting {table.name}")
            for title, count in _write_table(workbook, table, Path(unfinished), sheet_rows):
                sheets.append((table.name, title, count))
        _fill_summary(summary, exported_at, sheets)
        workbook.save(Path(unfinished) / WORKBOOK)
        names = [WORKBOOK, *(f"{table.name}.parquet" for table in tables)]
        for name in names:
            (Path(unfinished) / name).replace(folder / name)
    return Exported(
        workbook=folder / WORKBOOK,
        parquet=tuple(folder / name for name in names[1:]),
        rows={
            table.name: sum(count for name, _, count in sheets if name == table.name)
            for table in tables
        },
    )


@contextmanager
def _workbook() -> Iterator["Workbook"]:
    """Yield a workbook that streams; its sheets are closed even if it is never saved."""
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    try:
        yield workbook
    finally:
        for sheet in workbook.worksheets:
            if not sheet.closed:
                sheet.close()


def _check_names(tables: Sequence[ExportTable]) -> None:
    names = [table.name for table in tables]
    for name in names:
        if not re.fullmatch(r"[a-z0-9_]{1,24}", name) or name == "export":
            raise ValueError(f"table {name!r}: use 1 to 24 of a-z, 0-9 and _, and not 'export'")
    if len(set(names)) < len(names):
        raise ValueError(f"a table's name is used twice: {', '.join(names)}")


def _write_table(
    workbook: "Workbook", table: ExportTable, folder: Path, sheet_rows: int
) -> Iterator[tuple[str, int]]:
    """Write one table in both formats; yield the title and the row count of each of its sheets."""
    with pq.ParquetWriter(folder / f"{table.name}.parquet", table.schema) as parquet:
        sheet, title, filled, number = None, "", 0, 0
        for row in _rows(table, parquet):
            if sheet is None or filled == sheet_rows - 1:
                if sheet is not None:
                    yield title, filled
                number += 1
                sheet, title = _table_sheet(workbook, table, number)
                filled = 0
            sheet.append([cell(sheet, value) for value in row])
            filled += 1
        if sheet is None:
            _, title = _table_sheet(workbook, table, 1)
        yield title, filled


def _rows(table: ExportTable, parquet: pq.ParquetWriter) -> Iterator[tuple[Any, ...]]:
    """Write each batch to Parquet and yield its rows."""
    for batch in table.batches:
        parquet.write_batch(batch)
        for start in range(0, batch.num_rows, _BATCH):
            part = batch.slice(start, _BATCH)
            yield from zip(*(column.to_pylist() for column in part.columns), strict=True)


def _table_sheet(workbook: "Workbook", table: ExportTable, number: int) -> tuple[Any, str]:
    title = table.name if number == 1 else f"{table.name} ({number})"
    sheet = _sheet(workbook, title, [_width(field) for field in table.schema])
    append_header(sheet, table.schema.names)
    return sheet, title


def _sheet(workbook: "Workbook", title: str, widths: Sequence[int]) -> Any:
    from openpyxl.utils import get_column_letter

    sheet = workbook.create_sheet(title)
    sheet.freeze_panes = "A2"
    for column, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    return sheet


def _width(field: pa.Field) -> int:
    if pa.types.is_timestamp(field.type):
        return 20
    return max(len(field.name) + 2, 24 if pa.types.is_string(field.type) else 12)


def _fill_summary(
    sheet: Any, exported_at: datetime, sheets: Sequence[tuple[str, str, int]]
) -> None:
    append_header(sheet, ("table", "sheet", "rows"))
    for row in sheets:
        sheet.append(row)
    sheet.append(("total", None, sum(count for _, _, count in sheets)))
    sheet.append(("exported at (UTC)", exported_at))
