import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from threads_pipelines.reporting.export import ExportTable, export_tables

NOW = datetime.fromisoformat("2026-01-15 02:00:00")
SCHEMA = pa.schema([("text", pa.string()), ("count", pa.int64()), ("score", pa.float64())])


def table(name: str, *columns: list[Any], schema: pa.Schema = SCHEMA) -> ExportTable:
    return ExportTable(name, schema, [pa.record_batch(list(columns), schema=schema)])


def numbers(count: int, batch: int = 7) -> Iterator[pa.RecordBatch]:
    for start in range(0, count, batch):
        rows = list(range(start, min(start + batch, count)))
        yield pa.record_batch([[f"row {row}" for row in rows], rows, [0.5] * len(rows)], SCHEMA)


def sheets(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    book = openpyxl.load_workbook(path)
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book}


def test_both_forms_hold_the_rows_and_the_first_sheet_counts_them(tmp_path: Path) -> None:
    done = export_tables(
        [
            table("interactions", ["a", None], [1, 2], [0.25, None]),
            ExportTable("recommendations", SCHEMA, numbers(30)),
            ExportTable("experiment", SCHEMA, []),
        ],
        tmp_path / "new",
        NOW,
    )

    read = sheets(done.workbook)
    assert list(read) == ["export", "interactions", "recommendations", "experiment"]
    assert read["interactions"] == [("text", "count", "score"), ("a", 1, 0.25), (None, 2, None)]
    assert read["experiment"] == [("text", "count", "score")]
    assert read["export"] == [
        ("table", "sheet", "rows"),
        ("interactions", "interactions", 2),
        ("recommendations", "recommendations", 30),
        ("experiment", "experiment", 0),
        ("total", None, 32),
        ("exported at (UTC)", NOW, None),
    ]
    assert done.rows == {"interactions": 2, "recommendations": 30, "experiment": 0}
    assert [path.name for path in done.parquet] == [
        "interactions.parquet",
        "recommendations.parquet",
        "experiment.parquet",
    ]
    stored = pq.read_table(done.parquet[1])
    assert stored == pa.Table.from_batches(numbers(30))
    assert pq.read_table(done.parquet[2]).schema == SCHEMA
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == sorted(
        ["report.xlsx", *(path.name for path in done.parquet)]
    )


@pytest.mark.parametrize(
    ("rows", "counts"), [(9, [9]), (10, [9, 1]), (18, [9, 9]), (20, [9, 9, 2])]
)
def test_more_rows_than_a_sheet_holds_go_on_in_the_next(
    rows: int, counts: list[int], tmp_path: Path
) -> None:
    done = export_tables(
        [ExportTable("events", SCHEMA, numbers(rows))], tmp_path, NOW, sheet_rows=10
    )

    read = sheets(done.workbook)
    titles = ["events", "events (2)", "events (3)"][: len(counts)]
    assert list(read) == ["export", *titles]
    assert [len(read[title]) - 1 for title in titles] == counts
    assert all(read[title][0] == ("text", "count", "score") for title in titles)
    assert [row[1] for title in titles for row in read[title][1:]] == list(range(rows))
    assert [row[1:] for row in read["export"][1 : 1 + len(counts)]] == list(
        zip(titles, counts, strict=True)
    )


def test_headers_are_frozen_and_bold_and_types_kept(tmp_path: Path) -> None:
    schema = pa.schema(
        [
            ("at", pa.timestamp("ms")),
            ("zoned", pa.timestamp("us", tz="Asia/Taipei")),
            ("day", pa.date32()),
            ("rank", pa.int16()),
            ("live", pa.bool_()),
            ("tags", pa.list_(pa.string())),
        ]
    )
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    naive = at.replace(tzinfo=None)
    columns: list[list[Any]] = [[naive], [at], [at.date()], [3], [True], [["a", "ü"]]]

    done = export_tables([table("all", *columns, schema=schema)], tmp_path, NOW)

    sheet = openpyxl.load_workbook(done.workbook)["all"]
    assert sheet.freeze_panes == "A2"
    assert all(cell.font.bold for cell in sheet[1])
    assert [cell.value for cell in sheet[2]] == [
        naive,
        naive,
        datetime.combine(date(2026, 1, 2), datetime.min.time()),
        3,
        True,
        '["a", "ü"]',
    ]
    assert [cell.data_type for cell in sheet[2]] == ["d", "d", "d", "n", "b", "s"]
    assert sheet["A2"].number_format == "yyyy-mm-dd h:mm:ss"
    assert sheet["C2"].number_format == "yyyy-mm-dd"


def test_text_is_never_a_formula(tmp_path: Path) -> None:
    texts = ["=1+1", '=HYPERLINK("http://example.com","x")', "+1", "-1", "@SUM(A1)", "\t=1", "'=1"]
    given = table("posts", texts, [1] * len(texts), [0.0] * len(texts))

    done = export_tables([given], tmp_path, NOW)

    cells = [row[0] for row in openpyxl.load_workbook(done.workbook)["posts"].iter_rows(min_row=2)]
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    with zipfile.ZipFile(done.workbook) as archive:
        parts = [archive.read(name) for name in archive.namelist() if "worksheets/" in name]
    assert not any(b"<f>" in part or b"<f " in part for part in parts)


def test_header_that_looks_like_a_formula_is_text(tmp_path: Path) -> None:
    schema = pa.schema([("=1+1", pa.int64())])
    done = export_tables([table("odd", [1], schema=schema)], tmp_path, NOW)
    assert openpyxl.load_workbook(done.workbook)["odd"]["A1"].data_type == "s"


def test_what_a_cell_cannot_hold(tmp_path: Path) -> None:
    given = table(
        "odd", ["a\x00b\x0b", "x" * 40_000, "y", "#REF!"], [1, 2**60, 2, 3],
        [float("nan"), float("-inf"), 1.5, 0.0],
    )  # fmt: skip

    read = sheets(export_tables([given], tmp_path, NOW).workbook)["odd"]

    assert read[1] == ("a\ufffdb\ufffd", 1, "nan")
    assert read[2] == ("x" * 32_767, str(2**60), "-inf")
    assert read[3] == ("y", 2, 1.5)
    assert read[4][0] == "#REF!"
    assert pq.read_table(tmp_path / "odd.parquet")["text"][1].as_py() == "x" * 40_000


def test_a_failure_leaves_the_last_export_whole(tmp_path: Path) -> None:
    export_tables([table("events", ["old"], [1], [1.0])], tmp_path, NOW)

    def broken() -> Iterator[pa.RecordBatch]:
        yield from numbers(3)
        raise OSError("the database went away")

    with pytest.raises(OSError, match="went away"):
        export_tables([ExportTable("events", SCHEMA, broken())], tmp_path, NOW)

    assert sheets(tmp_path / "report.xlsx")["events"][1][0] == "old"
    assert pq.read_table(tmp_path / "events.parquet")["text"].to_pylist() == ["old"]
    assert len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize("name", ["", "Events", "a/b", "export", "x" * 25])
def test_names_that_are_no_sheet(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="use 1 to 24"):
        export_tables([ExportTable(name, SCHEMA, [])], tmp_path, NOW)


def test_two_tables_of_one_name(tmp_path: Path) -> None:
    twice = [ExportTable("events", SCHEMA, []), ExportTable("events", SCHEMA, [])]
    with pytest.raises(ValueError, match="twice"):
        export_tables(twice, tmp_path, NOW)


def test_progress_names_the_tables(tmp_path: Path) -> None:
    told: list[str] = []
    tables = [ExportTable("events", SCHEMA, []), ExportTable("models", SCHEMA, [])]
    export_tables(tables, tmp_path, NOW, progress=told.append)
    assert told == ["Exporting events", "Exporting models"]


def test_every_character_that_xml_refuses_is_replaced(tmp_path: Path) -> None:
    """The workbook opens again, whatever the text: controls, U+FFFE, U+FFFF and the others."""
    refused = [chr(code) for code in range(32) if chr(code) not in "\t\n\r"]
    refused += ["\ufffe", "\uffff"]
    kept = ["\x7f", "\x85", "\u2028", "\ufdd0", "\ue000", "\U0001fffe", "\U0010ffff", "é", "🍞"]
    texts = [f"a{sign}b" for sign in refused + kept]
    zeros = [0.0] * len(texts)
    given = table("odd", texts, [*range(len(texts))], zeros)
    done = export_tables([given], tmp_path, NOW)
    read = [row[0] for row in sheets(done.workbook)["odd"][1:]]
    assert read == ["a\ufffdb"] * len(refused) + [f"a{sign}b" for sign in kept]
    assert pq.read_table(tmp_path / "odd.parquet")["text"].to_pylist() == texts
