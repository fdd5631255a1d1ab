"""What is printed into a pipe: in any encoding, and as wide as it is."""

from pathlib import Path

import pytest
from rich.table import Table

from tests.cli.command import threads_pipelines
from threads_pipelines.cli.terminal.output import print_table


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_a_character_that_cannot_be_encoded_is_escaped(encoding: str, tmp_path: Path) -> None:
    given = {"THREADS_STATE_DIR": str(tmp_path), "PYTHONIOENCODING": encoding}
    done = threads_pipelines("status", environment=given)
    assert done.returncode == 1  # nothing runs
    assert done.stderr == ""
    assert str(tmp_path) in done.stdout


def test_a_table_in_a_pipe_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("version", "state")
    table.add_row("v" * 5000, "served, pinned")
    print_table(table)
    printed = capsys.readouterr().out
    assert "v" * 5000 in printed
    assert "served, pinned" in printed
