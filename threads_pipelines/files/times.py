"""Times as people write them, as epoch seconds."""

import re

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from threads_pipelines.dataset.snapshot import Mask, Times
from threads_pipelines.files.tables import Table

_ISO = "^[0-9]{4}-[0-9]{2}-[0-9]{2}"
_EPOCH = re.compile(r"^[0-9]+(\.[0-9]+)?$")
_DATE = "^(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])$"
_LATEST = 253_402_300_799
"""The end of the year 9999: a greater number is not seconds."""
UNKNOWN = -1


def read_times(table: Table, field: str, *, optional: bool) -> Times:
    """(rows,) epoch seconds UTC of a column: epoch seconds, or ISO 8601 (UTC where it has no zone).

    Numbers that all look like 20261123 are dates. Parts of a second are cut. ``UNKNOWN`` where the
    value is empty and ``optional``. Raises InputFileError at the first value that is neither.
    """
    texts = pc.utf8_trim_whitespace(table.texts[field])
    empty = _mask(pc.equal(texts, ""))
    number = _mask(pc.match_substring_regex(texts, _EPOCH.pattern))
    iso = _mask(pc.match_substring_regex(texts, _ISO))
    date = _mask(pc.match_substring_regex(texts, _DATE))
    if (date == number).all():
        number, iso = number & ~date, iso | date
    times = np.full(table.rows, UNKNOWN, np.int64)
    # 15 digits hold every year that is allowed; a longer number is refused below all the same.
    digits = pc.utf8_slice_codeunits(texts.filter(pa.array(number)), 0, 15)
    times[number] = np.floor(pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False))
    if iso.any():
        times[iso] = _iso(texts.filter(pa.array(iso)))
    wrong = ((times < 0) & ~(empty & optional)) | (times > _LATEST)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise table.fault(row, field, _what(str(texts[row])))
    return times


def _iso(texts: pa.Array) -> Times:
    parsed = pd.to_datetime(texts.to_pandas(), format="ISO8601", utc=True, errors="coerce")
    seconds = parsed.dt.tz_convert(None).to_numpy().astype("datetime64[s]").astype(np.int64)
    times: Times = np.where(parsed.isna().to_numpy(), UNKNOWN, seconds)
    return times


def _mask(values: pa.Array) -> Mask:
    mask: Mask = values.to_numpy(zero_copy_only=False)
    return mask


def _what(text: str) -> str:
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    if not text:
        return "is empty; leave the whole column out where there are no times"
    dated = re.match(_ISO, text)
    if dated and not pd.isna(pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")):
        return f"{shown!r} is before 1970, where times begin"
    if _EPOCH.match(text):
        return f"{shown!r} is too great for epoch seconds; is it in milliseconds?"
    return f"{shown!r} is no time: write epoch seconds or ISO 8601, such as 2026-11-23T02:00:00Z"
