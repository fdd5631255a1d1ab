"""Forms of times that files of other programs have."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.options import FileOptions
from threads_pipelines.files.reading import FileSnapshot, read_snapshot

INSTANT = 1_772_328_929
"""2026-03-01 01:35:29 UTC."""


def read(folder: Path, *times: str, unit: str | None = None) -> FileSnapshot:
    path = folder / "events.csv"
    rows = "".join(f'u{row},p,"{time}"\n' for row, time in enumerate(times))
    path.write_text(f"user_id,post_id,created_at\n{rows}")
    return read_snapshot(path, options=(FileOptions(times=unit),) * 3)


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        (f"{INSTANT}", "s"),
        (f" {INSTANT}.75 ", "s"),
        ("1.772328929e9", "s"),
        (f"{INSTANT}999", "ms"),
        (f"{INSTANT}999999", "us"),
        (f"{INSTANT}999999999", "ns"),
        ("46082.0663078704", "excel"),
        ("46082,06631", "excel"),
        ("2026-03-01 01:35:29 UTC", "iso"),
        ("2026-03-01T01:35:29Z", "iso"),
        ("2026-03-01t01:35:29z", "iso"),
        ("2026-03-01 01:35:29 GMT", "iso"),
        ("2026-03-01 01:35:29", "iso"),
        ("2026/03/01 01:35:29", "iso"),
        ("20260301T013529Z", "iso"),
        ("20260301T013529", "iso"),
        ("20260301013529", "iso"),
        ("2026-03-01T01:35:29,789", "iso"),
        ("2026-03-01T01:35:29.123456789Z", "iso"),
        ("2026-03-01T02:35:29+01", "iso"),
        ("2026-03-01T02:35:29 +0100", "iso"),
        ("2026-03-01T02:35:29+01:00", "iso"),
        ("2026-02-28T20:05:29-05:30", "iso"),
        ("20260301T023529+01", "iso"),
        ("Sat Feb 28 17:35:29 -0800 2026", "iso"),
    ],
)
def test_one_instant_in_many_forms(tmp_path: Path, written: str, unit: str) -> None:
    found = read(tmp_path, written)
    assert found.snapshot.interactions.at.tolist() == [INSTANT]
    assert f"times={unit}" in found.choices[0]


@pytest.mark.parametrize(
    "written",
    ["0", "1", "100", "20000", "36525", "73051", "99999", "1000000", "788918399", "2026", "1e3"],
)
def test_a_number_that_is_no_time_of_this_century_is_refused(tmp_path: Path, written: str) -> None:
    with pytest.raises(
        InputFileError, match=r"line 2, created_at: .*this century.*--columns times="
    ):
        read(tmp_path, written)
    assert read(tmp_path, written, unit="s").snapshot.interactions.at[0] == int(float(written))


@pytest.mark.parametrize(
    ("times", "message"),
    [
        ((f"{INSTANT}", f"{INSTANT}000"), "line 3, created_at: .* no time in epoch seconds"),
        ((f"{INSTANT}", "7"), "line 3, created_at: '7' is no time in epoch seconds"),
        (("46082.5", "12"), "line 3, created_at: '12' is no time in Excel's serial days"),
        (("01/03/2026",), "may have the day or the month first"),
        (("2026-02-30",), "'2026-02-30' is no time"),
        (("2026-03-01T25:00",), "is no time"),
        (("2026-0301",), "is no time"),
        (("2026-03-01 01:35:29 CET",), "is no time"),
        (("9" * 5000,), "this century"),
    ],
)
def test_times_that_do_not_fit(tmp_path: Path, times: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputFileError, match=message) as caught:
        read(tmp_path, *times)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_parquet(tmp_path: Path, unit: str) -> None:
    path = tmp_path / "events.parquet"
    for zone in (None, "Europe/Berlin"):
        at = pa.array([INSTANT], pa.timestamp("s", zone)).cast(pa.timestamp(unit, zone))
        pq.write_table(pa.table({"user_id": ["u"], "post_id": ["p"], "created_at": at}), path)
        assert read_snapshot(path).snapshot.interactions.at.tolist() == [INSTANT]
    empty = pa.table({"user_id": ["u"], "post_id": ["p"], "created_at": pa.array([None], at.type)})
    pq.write_table(empty, path)
    with pytest.raises(InputFileError, match="row 1, created_at: is empty"):
        read_snapshot(path)
