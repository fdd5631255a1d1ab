"""Converts times in many formats to epoch seconds."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threads_pipelines.dataset.snapshot import Times
from threads_pipelines.files.formats.tables import Table
from threads_pipelines.files.time_forms import (
    BEFORE,
    COMPACT,
    EARLIEST,
    END,
    EXCEL_EARLIEST,
    EXCEL_END,
    FORMS,
    LAST,
    NUMBER,
    PER_SECOND,
    UNKNOWN,
    mask,
    matches,
    of_numbers,
    of_parts,
)

_MEANINGS = {
    "s": "epoch seconds",
    "ms": "epoch milliseconds",
    "us": "epoch microseconds",
    "ns": "epoch nanoseconds",
    "excel": "Excel's serial days",
}


def read_times(table: Table, *, optional: bool) -> tuple[Times, str]:
    """Read the column of times.

    Numbers are epoch seconds, milli-, micro- or nanoseconds between 1995 and 2100, or Excel's
    serial days between 2000 and 2100, all of one kind. Text is ISO 8601 in its extended or basic
    form, in UTC if it has no zone. Fractions of a second are cut.

    Args:
        table: A table with the column ``time``. Its option ``times`` overrides what is recognised,
            and accepts any number.
        optional: Whether a value may be empty.

    Returns:
        (n,) int64 epoch seconds UTC, ``UNKNOWN`` for an empty value; and the unit, one of
        ``TIMES``.

    Raises:
        InputFileError: A value is not such a time; the message names the first one.
    """
    column = table.texts["time"]
    if not pa.types.is_large_string(column.type) and not pa.types.is_string(column.type):
        return _of_timestamps(table, column, optional=optional), "iso"
    texts = pc.utf8_trim_whitespace(column)
    times = np.full(table.rows, UNKNOWN, np.int64)
    empty = mask(pc.equal(texts, ""))
    compact = matches(texts, COMPACT)
    number = matches(texts, NUMBER)
    wanted = table.options.times
    if wanted in (None, "iso"):
        number &= ~compact
    unit = wanted or "iso"
    if number.any() and wanted != "iso":
        numbers = texts.filter(pa.array(number))
        unit = wanted or _unit(table, numbers, int(np.argmax(number)))
        times[number] = of_numbers(numbers, unit, free=wanted is not None)
    else:
        number[:] = False
    if wanted in (None, "iso"):
        read = np.zeros(table.rows, bool)
        for pattern in FORMS:
            if (read | number | empty).all():
                break
            match = matches(texts, pattern) & ~number & ~read
            if match.any():
                read |= match
                times[match] = of_parts(texts.filter(pa.array(match)), pattern)
    wrong = ((times < 0) & ~(empty & optional)) | (times > LAST)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise table.fault(row, "time", _what(str(texts[row]), int(times[row]), unit, table))
    return times, unit


def _of_timestamps(table: Table, column: pa.Array, *, optional: bool) -> Times:
    """Return epoch seconds of a column that already has times."""
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("s"))
    # The instants of a column with a zone are UTC, so only the unit has to go.
    ticks = pc.cast(column, pa.int64())
    per_second = PER_SECOND[column.type.unit]
    empty = mask(pc.is_null(column))
    times = np.asarray(pc.fill_null(ticks, 0).to_numpy()) // per_second
    wrong = (empty & (not optional)) | (~empty & ((times < 0) | (times > LAST)))
    if wrong.any():
        row = int(np.argmax(wrong))
        what = "is empty" if empty[row] else f"{column[row]} is before 1970, or after the year 9999"
        raise table.fault(row, "time", what)
    result: Times = np.where(empty, UNKNOWN, times)
    return result


def _unit(table: Table, numbers: pa.Array, row: int) -> str:
    """Return the unit in which the first number is a time of this century."""
    value = float(str(numbers[0]).replace(",", "."))
    for unit, per_second in PER_SECOND.items():
        if EARLIEST <= value / per_second < END:
            return unit
    if EXCEL_EARLIEST <= value < EXCEL_END:
        return "excel"
    raise table.fault(row, "time", _no_time(str(numbers[0]), table))


def _no_time(text: str, table: Table) -> str:
    return (
        f"{_shown(text)} is no time of this century in any unit: say {table.kind.option} "
        "times=s if it counts seconds from 1970 all the same, or time= to read no times"
    )


def _what(text: str, time: int, unit: str, table: Table) -> str:
    shown = _shown(text)
    if not text:
        return f"is empty; say {table.kind.option} time= where there are no times"
    if time == BEFORE:
        return f"{shown} is before 1970, where times begin"
    if re.match(NUMBER, text) and unit in _MEANINGS:
        return f"{shown} is no time in {_MEANINGS[unit]}, which the column is read as"
    if re.match(r"[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{2,4}", text):
        return f"{shown} may have the day or the month first: write it as 2026-11-23"
    return f"{shown} is no time: write epoch seconds or ISO 8601, such as 2026-11-23T02:00:00Z"


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else f"{text[:40]}…")
