"""What is printed into a pipe: in any encoding, and as wide as it is."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tests.cli.command import threads_pipelines
from tests.storage.app_database import AppDatabase
from threads_pipelines.cli.terminal.output import print_whole
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.reporting.shown_feeds import AccountFeed, FeedPost
from threads_pipelines.reporting.summary import summary
from threads_pipelines.storage.postgres.contract import create_schema
from threads_pipelines.storage.postgres.database import connect


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
    print_whole(table)
    printed = capsys.readouterr().out
    assert "v" * 5000 in printed
    assert "served, pinned" in printed


def squeezed(printed: str) -> str:
    """What was printed without frames and line breaks."""
    return "".join(
        character for character in printed if character not in " \n│╭╮╰╯─┃┏┓┡┩├┤━┳╇┬┴┼┘└"
    )


@pytest.mark.parametrize("width", [20, 40, 79])
def test_a_narrow_terminal_gets_more_lines_and_everything(width: int) -> None:
    terminal = Console(width=width, force_terminal=True, color_system=None, file=io.StringIO())
    table = Table("version", "state")
    table.add_row("20261122T020000Z-1a2b3c4d" * 2, "served, pinned")
    print_whole(table, terminal)
    now = datetime.now(UTC).replace(tzinfo=None)
    post = FeedPost("ann", "tech", "w" * 100, now, 0.5, "r" * 50)
    feed = AccountFeed("n" * 30, "control", "chance", ("tech",), (post,), ())
    print_whole(summary({"accounts": 1}, {}, [feed, feed], width), terminal)
    assert isinstance(terminal.file, io.StringIO)
    printed = terminal.file.getvalue()
    assert "…" not in printed
    assert max(map(len, printed.splitlines())) <= width
    whole = squeezed(printed)
    for text in ("w" * 100, "r" * 50, "n" * 30):
        assert whole.count(text) == 2
    for digit in "1a2b3c4d":
        assert digit in whole


def test_the_summary_in_a_pipe_is_not_cut(empty_parts: dict[str, str]) -> None:
    url = sqlalchemy_url(empty_parts["DATABASE_URL"])
    app = AppDatabase(connect(url), url)
    create_schema(app.engine)
    app.users("ann")
    app.users("bob", username="n" * 150)
    content = "word " * 60
    app.posts("ann", "p1", content=content)
    now = datetime.now(UTC).replace(tzinfo=None)
    row = {"user_id": "bob", "post_id": "p1", "score": 0.5, "expires_at": now.replace(year=2099)}
    app.insert("user_recommendation", {"id": "r1", "generated_at": now, **row})
    done = threads_pipelines("summary", environment=empty_parts)
    assert done.returncode == 0, done.stderr
    assert "n" * 150 in done.stdout
    assert content.strip() in done.stdout
