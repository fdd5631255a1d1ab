"""Files for the two commands, and their runs."""

import csv
import gzip
import io
from pathlib import Path

from click.testing import CliRunner, Result

from threads_pipelines.cli.files import evaluate, recommend
from threads_pipelines.dataset.scored_rows import REASONS

HOUR = 3600
T = 1_700_000_000
"""An instant: 14 November 2023."""


def write(folder: Path, rows: list[tuple[object, ...]], name: str = "events.csv") -> Path:
    path = folder / name
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def feeds(path: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    for row in csv.DictReader(io.StringIO(text, newline="")):
        found.setdefault(row["user_id"], []).append(row["post_id"])
        assert row["rank"] == str(len(found[row["user_id"]]))
        assert 0 <= float(row["score"]) <= 1
        assert row["reason"] in REASONS
    return found


def run(*arguments: object) -> Result:
    command = evaluate if "--out" not in arguments else recommend
    return CliRunner().invoke(command, [str(argument) for argument in arguments])
