"""Formats of times: numbers in a unit, and text with parts."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from threads_pipelines.dataset.snapshot import Mask, Times

UNKNOWN = -1
BEFORE = -2
NUMBER = r"^[0-9]+([.,][0-9]+)?([eE]\+?[0-9]{1,2})?$"


def _iso(sign: str) -> str:
    """Return the pattern of ISO 8601 with ``sign`` between year, month and day."""
    return (
        rf"^(?P<year>[0-9]{{4}}){sign}(?P<month>[0-9]{{2}}){sign}(?P<day>[0-9]{{2}})"
        r"(?:(?:[Tt_]|\s+)(?P<hour>[0-9]{2})(?::?(?P<minute>[0-9]{2})"
        r"(?::?(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?)?"
        r"(?:\s*(?:[Zz]|UTC|GMT|"
        r"(?P<sign>[-+−])(?P<zone_hour>[0-9]{2}):?(?P<zone_minute>[0-9]{2})?))?)?$"
    )


COMPACT = (
    r"^(?P<year>(?:19|20)[0-9]{2})(?P<month>[0-9]{2})(?P<day>[0-9]{2})"
    r"(?:(?P<hour>[0-9]{2})(?P<minute>[0-9]{2})(?P<second>[0-9]{2})?)?$"
)
"""YYYYMMDD, and with the time of day behind it; no epoch number of this century looks so."""
_NAMED = (
    r"^[A-Z][a-z]{2} (?P<name>[A-Z][a-z]{2}) (?P<day>[0-9]{2}) (?P<hour>[0-9]{2}):"
    r"(?P<minute>[0-9]{2}):(?P<second>[0-9]{2}) (?P<sign>[-+])(?P<zone_hour>[0-9]{2})"
    r"(?P<zone_minute>[0-9]{2}) (?P<year>[0-9]{4})$"
)
"""As Goodreads and the old Twitter API write times: Fri Mar 08 13:36:50 -0700 2013."""
FORMS = (_iso("-"), COMPACT, _iso(""), _NAMED, _iso("/"))
"""Patterns of the texts that ``of_parts`` reads."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
EARLIEST, END = 788_918_400, 4_102_444_800
"""1995 and 2100 in epoch seconds: a number outside, in every unit, is not taken for a time."""
EXCEL_EARLIEST, EXCEL_END, _EXCEL_EPOCH = 36_526, 73_051, 25_569
"""2000, 2100 and 1970 in Excel's serial days (of the 1900 system)."""
LAST = 253_402_300_799
"""The end of the year 9999."""


def of_numbers(texts: pa.Array, unit: str, *, free: bool) -> Times:
    """Convert numbers in a unit to epoch seconds.

    Args:
        texts: (n,) the numbers as text.
        unit: The unit, such as ``s``, ``ms`` or ``excel``.
        free: Accept times of any century.

    Returns:
        (n,) int64; ``UNKNOWN`` for a number that is no time of this century, unless ``free``.
    """
    plain = pc.replace_substring(texts, ",", ".")
    values = pc.cast(plain, pa.float64()).to_numpy(zero_copy_only=False)
    if unit == "excel":
        # A serial day has too few digits for its second: the nearest is meant.
        seconds = np.rint((values - _EXCEL_EPOCH) * 86_400)
        valid = (values >= EXCEL_EARLIEST) & (values < EXCEL_END)
    else:
        seconds = np.floor(values / PER_SECOND[unit])
        whole = matches(texts, "^([0-9]{1,18}|[1-8][0-9]{18})$")
        exact = pc.cast(texts.filter(pa.array(whole)), pa.int64()).to_numpy(zero_copy_only=False)
        seconds[whole] = exact // PER_SECOND[unit]
        valid = (seconds >= EARLIEST) & (seconds < END)
    if free:
        valid = seconds >= 0
    times: Times = np.where(valid, np.minimum(seconds, LAST + 1), UNKNOWN).astype(np.int64)
    return times


def of_parts(texts: pa.Array, pattern: str) -> Times:
    """Convert texts that match a pattern to epoch seconds.

    Args:
        texts: (n,) texts.
        pattern: A regular expression with named groups.

    Returns:
        (n,) int64; ``UNKNOWN`` for a day or hour that does not exist.
    """
    parts = pc.extract_regex(texts, pattern)
    names = {field.name for field in parts.type}

    def part(name: str) -> Times:
        if name not in names:
            return np.zeros(len(texts), np.int64)
        digits = pc.struct_field(parts, name)
        filled = pc.if_else(pc.equal(digits, ""), "0", digits)
        numbers: Times = pc.cast(filled, pa.int64()).to_numpy(zero_copy_only=False)
        return numbers

    month, day = part("month"), part("day")
    if "name" in names:
        place = pc.index_in(pc.struct_field(parts, "name"), pa.array(_MONTHS, texts.type))
        month = pc.fill_null(place, -1).to_numpy(zero_copy_only=False).astype(np.int64) + 1
    hour, minute, second = part("hour"), part("minute"), part("second")
    zone = part("zone_hour") * 3600 + part("zone_minute") * 60
    if "sign" in names:
        zone *= np.where(
            mask(pc.is_in(pc.struct_field(parts, "sign"), pa.array(["+", ""], texts.type))), 1, -1
        )
    valid = (month >= 1) & (month <= 12)
    months = (part("year") - 1970) * 12 + np.where(valid, month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - first
    valid &= (day >= 1) & (day <= length) & (hour < 24) & (minute < 60) & (second <= 60)
    valid &= np.abs(zone) < 86_400
    seconds = (first + day - 1) * 86_400 + hour * 3600 + minute * 60 + second - zone
    return np.where(valid, np.where(seconds < 0, BEFORE, seconds), UNKNOWN)


def matches(texts: pa.Array, pattern: str) -> Mask:
    """Return which texts match a pattern.

    Args:
        texts: (n,) texts.
        pattern: A regular expression.

    Returns:
        (n,) bool.
    """
    return mask(pc.match_substring_regex(texts, pattern))


def mask(values: pa.Array) -> Mask:
    """Convert an Arrow array of booleans.

    Args:
        values: (n,) booleans.

    Returns:
        (n,) bool.
    """
    array: Mask = values.to_numpy(zero_copy_only=False)
    return array
