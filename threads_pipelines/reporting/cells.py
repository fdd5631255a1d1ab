"""Converts values to typed Excel cells, without loss and never as a formula."""

import json
import math
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Every character that XML 1.0 refuses: controls, surrogates, U+FFFE and U+FFFF."""
_LONGEST_TEXT = 32_767  # characters of a cell
_SAFE_INTEGER = 2**53  # a cell's number is a double


def append_header(sheet: Any, names: Iterable[str]) -> None:
    """Append a row of bold text.

    Args:
        sheet: The sheet of openpyxl.
        names: The headings.
    """
    from openpyxl.styles import Font

    cells = [_text(sheet, name) for name in names]
    for one in cells:
        one.font = Font(bold=True)
    sheet.append(cells)


def cell(sheet: Any, value: Any) -> Any:
    """Convert a value so that openpyxl gives it the right type; text is never a formula.

    Args:
        sheet: The sheet of openpyxl.
        value: The value.

    Returns:
        A value or a cell to append.
    """
    value = _plain(value)
    if isinstance(value, str) and value[:1] in ("=", "#"):  # a formula, an error such as #REF!
        return _text(sheet, value)
    return value


def _text(sheet: Any, value: str) -> Any:
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, _plain(value))
    cell.data_type = "s"
    return cell


def _plain(value: Any) -> Any:
    """Convert a value to one that a cell can hold without loss, or else to text."""
    if isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False, default=str)
    if isinstance(value, str):
        return _NO_XML.sub("\ufffd", value)[:_LONGEST_TEXT]
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and abs(value) > _SAFE_INTEGER:
        return str(value)
    return value
