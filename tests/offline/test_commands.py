import csv
import gzip
import io
import json
import os
import random
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from threads_pipelines.errors import ConfigurationError, InputFileError, ThreadsPipelinesError
from threads_pipelines.offline import commands, writing
from threads_pipelines.offline.cli import evaluate, recommend

HOUR = 3600


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
        assert row["reason"] in {"similar_people", "similar_post", "trending", "fresh_topic"}
    return found


def run(*arguments: object) -> Result:
    command = evaluate if "--out" not in arguments else recommend
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


@pytest.fixture
def communities(tmp_path: Path) -> Path:
    """Two communities that share no post, over three days."""
    rng = random.Random(0)
    rows: list[tuple[object, ...]] = [("user_id", "post_id", "created_at")]
    rows += [
        (f"u{u}", f"{'ab'[u % 2]}{rng.randrange(12)}", rng.randrange(72) * HOUR)
        for u in range(30)
        for _ in range(6)
    ]
    return write(tmp_path, rows)


def test_recommend_gives_everybody_a_feed_without_what_they_saw(
    communities: Path, tmp_path: Path
) -> None:
    out = tmp_path / "feeds.csv"
    result = run("--interactions", communities, "--top-k", 8, "--out", out)
    assert result.exit_code == 0, result.output
    found = feeds(out)
    seen: dict[str, set[str]] = {}
    with communities.open() as file:
        for row in csv.DictReader(file):
            seen.setdefault(row["user_id"], set()).add(row["post_id"])
    assert set(found) == set(seen)
    for user, feed in found.items():
        assert len(feed) == len(set(feed)) == 8
        assert not seen[user] & set(feed)
        own = "ab"[int(user[1:]) % 2]
        assert feed[0].startswith(own)
    # The chosen settings go to standard output, as a file that --settings takes.
    chosen = tmp_path / "settings.json"
    chosen.write_text(result.stdout)
    again = tmp_path / "again.csv"
    result = run("--interactions", communities, "--top-k", 8, "--settings", chosen, "--out", again)
    assert result.exit_code == 0, result.output
    assert again.read_bytes() == out.read_bytes()


def test_asked_users_only_and_unknown_ones_get_what_is_trending(
    communities: Path, tmp_path: Path
) -> None:
    users = write(tmp_path, [("user_id",), ("u3",), ('new, "one"',)], "users.csv")
    posts = write(tmp_path, [("post_id", "content"), ("fresh", "hello"), ("a1", "")], "posts.csv")
    out = tmp_path / "feeds.csv.gz"
    result = run(
        "--interactions", communities, "--users", users, "--posts", posts,
        "--settings", "seed_formula", "--out", out,
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    found = feeds(out)
    assert set(found) == {"u3", 'new, "one"'}
    assert len(found['new, "one"']) == 25  # all 24 posts and the fresh one
    assert "fresh" in found["u3"]


@pytest.mark.parametrize(
    ("rows", "feed"),
    [
        ([("u", "p", 1)], {}),
        ([("u", "p", 1)] * 50, {}),
        ([("u", f"p{i}", i) for i in range(5)], {}),
        ([(f"u{i}", "p", i) for i in range(5)], {}),
        ([("u", "p", 1), ("v", "q", 1)], {"u": ["q"], "v": ["p"]}),
    ],
    ids=["one pair", "all the same pair", "one user", "one post", "two strangers"],
)
def test_tiny_files(
    tmp_path: Path, rows: list[tuple[object, ...]], feed: dict[str, list[str]]
) -> None:
    path = write(tmp_path, [("user_id", "post_id", "created_at"), *rows])
    out = tmp_path / "out.csv"
    result = run("--interactions", path, "--out", out)
    assert result.exit_code == 0, result.output
    assert feeds(out) == feed
    assert out.read_text().startswith("user_id,post_id,score,rank,reason\n")


def test_ids_are_written_as_they_were_read(tmp_path: Path) -> None:
    ids = ["001", "NA", "null", 'a,b"c', "é😀", "two\nlines", " padded ", "x" * 10_000]
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
    assert isinstance(result.exception, OSError)
    assert out.read_text() == "yesterday"
    assert {path.name for path in tmp_path.iterdir()} == {"out.csv", "events.csv"}


def test_faults_are_told_before_the_work_begins(communities: Path, tmp_path: Path) -> None:
    for out, message in (
        (tmp_path / "none" / "out.csv", "does not exist"),
        (tmp_path, "is a folder"),
        (communities, "is one of the inputs"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            writing.check_writable(out, communities)
    result = run("--interactions", communities, "--out", tmp_path / "x", "--as-of", "soon")
    assert result.exit_code == 2
    assert "--as-of" in result.output


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"people_share": 2, "neighbors": 5}')
    with pytest.raises(InputFileError, match=r"people_share: .*; neighbors: Extra inputs"):
        commands.read_settings(str(path))
    for field, value in (
        ("exact_reads", "1e400"),
        ("floor", "1e-30"),
        ("linear_regularisation", "1e-9"),
        ("vote_half_life_hours", "1e-300"),
        ("history_cap", "9999999999999999999999"),
    ):
        path.write_text(f'{{"{field}": {value}}}')
        with pytest.raises(InputFileError, match=f"json: {field}: Input should be"):
            commands.read_settings(str(path))
    path.write_text("{")
    with pytest.raises(InputFileError, match="the file: Invalid JSON"):
        commands.read_settings(str(path))
    with pytest.raises(InputFileError, match="seed_formula"):
        commands.read_settings(str(tmp_path / "none.json"))


def test_evaluate_prints_and_stores_the_report(communities: Path, tmp_path: Path) -> None:
    stored = tmp_path / "report.json"
    result = run("--interactions", communities, "--json", stored)
    assert result.exit_code == 0, result.output
    for text in ("ndcg@10", "recent_popularity", "seed_formula", "known: ", "cold: ", "fresh: "):
        assert text in result.stdout
    scores = json.loads(stored.read_text())["scores"]
    known = {s["model"]: s["estimates"]["ndcg@10"] for s in scores if s["group"] == "known"}
    assert known["ours"]["mean"] > known["random"]["mean"]


def test_evaluate_without_times_holds_out_random_pairs(tmp_path: Path) -> None:
    rows = [(f"u{u}", f"p{(u * 7 + i * i) % 20}") for u in range(20) for i in range(8)]
    path = write(tmp_path, [("user_id", "post_id"), *rows])
    result = run("--interactions", path, "--settings", "seed_formula")
    assert result.exit_code == 0, result.output
    assert "0 more are on posts that did not exist yet" in result.stdout
    lonely = write(tmp_path, [("user_id", "post_id"), ("u", "p")])
    assert isinstance(run("--interactions", lonely).exception, ThreadsPipelinesError)


def test_a_file_of_purchases_alone_gets_feeds_and_a_warning(tmp_path: Path) -> None:
    rows = [(f"u{u}", f"p{(u + 3 * k) % 7}", "purchase") for u in range(9) for k in range(3)]
    path = write(tmp_path, [("user_id", "post_id", "interaction_type"), *rows])
    out = tmp_path / "feeds.csv"
    result = run("--interactions", path, "--top-k", 2, "--out", out)
    assert result.exit_code == 0
    assert {len(feed) for feed in feeds(out).values()} == {2}
    assert "'purchase' are taken as a plain interaction each" in result.stderr
    assert "WARNING: no event is a view, click, like, share" in result.stderr


def test_a_type_that_is_unknown_among_known_ones_is_ignored_and_said(tmp_path: Path) -> None:
    rows = [(f"u{u}", f"p{(u + 3 * k) % 7}", "view") for u in range(9) for k in range(3)]
    path = write(
        tmp_path, [("user_id", "post_id", "interaction_type"), *rows, ("u0", "p1", "cart")]
    )
    result = run("--interactions", path, "--top-k", 2, "--out", tmp_path / "feeds.csv")
    assert result.exit_code == 0
    assert "1 events of the unknown type 'cart' are ignored" in result.stderr
    assert "WARNING" not in result.stderr
