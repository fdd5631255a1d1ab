"""Where the feeds and the report go, and what becomes of what was there."""

import os
import signal
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.offline.files import feeds, run, write
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.errors import ConfigurationError, DataError
from threads_pipelines.files import commands, writing
from threads_pipelines.recommender.model import Model, recommend_chunks


def test_ids_are_written_as_they_were_read(tmp_path: Path) -> None:
    ids = ["001", "NA", "null", 'a,b"c', "é😀", "two\nlines", "in ner", "x" * 10_000]
    rows = [(f"u{i}", post) for i, post in enumerate(ids)]
    path = write(tmp_path, [("user_id", "post_id"), *rows, ("u0", "NA")])
    out = tmp_path / "out.csv"
    assert run("--interactions", path, "--out", out).exit_code == 0
    assert {post for feed in feeds(out).values() for post in feed} == set(ids)


def test_an_older_file_stays_when_something_fails(
    communities: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.csv"
    out.write_text("yesterday")

    def fails_midway(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fails_midway)
    result = run("--interactions", communities, "--settings", "seed_formula", "--out", out)
    assert isinstance(result.exception, ConfigurationError)
    assert str(result.exception) == f"{out} cannot be written: disk full"
    assert out.read_text() == "yesterday"
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", "events.csv"}


def test_feeds_that_break_a_rule_are_not_written(
    communities: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def faulty(model: Model, top_k: int) -> Iterator[ScoredRows]:
        for rows in recommend_chunks(model, top_k):
            yield replace(rows, score=rows.score + 1)

    monkeypatch.setattr(commands, "recommend_chunks", faulty)
    out = tmp_path / "out.csv"
    result = run("--interactions", communities, "--settings", "seed_formula", "--out", out)
    assert isinstance(result.exception, DataError)
    assert "were not written: 564 x a score that is not finite" in str(result.exception)
    assert {path.name for path in tmp_path.iterdir()} == {"events.csv"}


def test_faults_are_told_before_the_work_begins(communities: Path, tmp_path: Path) -> None:
    link, astray = tmp_path / "link.csv", tmp_path / "astray.csv"
    link.symlink_to(communities)
    astray.symlink_to(tmp_path / "none" / "out.csv")
    before = communities.read_bytes()
    for out, message in (
        (tmp_path / "none" / "out.csv", "does not exist"),
        (astray, "does not exist"),
        (tmp_path, "is a folder"),
        (tmp_path / ("n" * 300), "cannot be written: File name too long"),
        (communities, "is one of the inputs"),
        (link, "is one of the inputs"),
    ):
        for option in ("--out", "--json"):
            result = run("--interactions", communities, "--settings", "seed_formula", option, out)
            assert isinstance(result.exception, ConfigurationError)
            assert message in str(result.exception)
            assert not result.output
    assert communities.read_bytes() == before
    result = run("--interactions", communities, "--out", tmp_path / "x", "--as-of", "soon")
    assert result.exit_code == 2
    assert "--as-of" in result.output
    result = run("--interactions", communities, "--out", tmp_path / "x", "--seed", -1)
    assert result.exit_code == 2
    assert "--seed" in result.output


@pytest.mark.parametrize("option", ["--posts", "--users", "--settings"])
def test_no_input_is_written_over(communities: Path, tmp_path: Path, option: str) -> None:
    other = tmp_path / "other"
    other.write_text("{}" if option == "--settings" else "post_id,user_id\nb1,u1\n")
    before = other.read_bytes()
    result = run("--interactions", communities, option, other, "--out", other)
    assert "is one of the inputs" in str(result.exception)
    assert other.read_bytes() == before


def test_links_modes_and_long_names_are_kept(communities: Path, tmp_path: Path) -> None:
    target, link, long = tmp_path / "target.csv", tmp_path / "link.csv", tmp_path / ("n" * 255)
    target.write_text("yesterday")
    target.chmod(0o600)
    link.symlink_to(target)
    for out in (link, long):
        result = run("--interactions", communities, "--settings", "seed_formula", "--out", out)
        assert result.exit_code == 0, result.output
        assert len(feeds(out)) == 30
    assert link.readlink() == target
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_feeds_go_into_a_pipe(communities: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    given = ("--interactions", communities, "--settings", "seed_formula", "--top-k", 1)
    result = run(*given, "--out", pipe)
    assert result.exit_code == 0, result.output
    assert os.read(reader, 10_000).startswith(b"user_id,post_id,score,rank,reason\n")
    os.close(reader)
    assert pipe.is_fifo()


def test_nothing_is_left_behind_when_the_process_is_told_to_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ended(*_: object) -> None:
        raise AssertionError

    before = signal.signal(signal.SIGTERM, ended)
    monkeypatch.setattr(os, "fsync", lambda _: signal.raise_signal(signal.SIGTERM))
    try:
        with pytest.raises(SystemExit, match="143"):
            writing.write_text(tmp_path / "out.csv", "half")
        assert signal.getsignal(signal.SIGTERM) is ended
    finally:
        signal.signal(signal.SIGTERM, before)
    assert not [*tmp_path.iterdir()]


def test_the_report_is_shown_where_it_cannot_be_stored(
    communities: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", full)
    stored = tmp_path / "report.json"
    result = run("--interactions", communities, "--settings", "seed_formula", "--json", stored)
    assert isinstance(result.exception, ConfigurationError)
    assert "ndcg@10" in result.stdout
    assert not stored.exists()
