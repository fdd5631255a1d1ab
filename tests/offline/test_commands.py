import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from tests.offline.files import HOUR, T, feeds, run, write
from threads_pipelines.cli.files import _Progress
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import InputFileError, ThreadsPipelinesError
from threads_pipelines.files import commands
from threads_pipelines.files.inputs import Inputs
from threads_pipelines.files.settings_file import read_settings
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.tune import TuningReport


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
        ([("u", "p", T)], {}),
        ([("u", "p", T)] * 50, {}),
        ([("u", f"p{i}", T + i) for i in range(5)], {}),
        ([(f"u{i}", "p", T + i) for i in range(5)], {}),
        ([("u", "p", T), ("v", "q", T)], {"u": ["q"], "v": ["p"]}),
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


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"people_share": 2, "neighbors": 5}')
    with pytest.raises(InputFileError, match=r"people_share: .*; neighbors: Extra inputs"):
        read_settings(str(path), print)
    for group, field, value in (
        ("events", "exact_reads", "1e400"),
        ("blend", "floor", "1e-30"),
        ("similar_posts", "linear_regularisation", "1e-9"),
        ("similar_people", "vote_half_life_hours", "1e-300"),
        ("events", "history_cap", "9999999999999999999999"),
    ):
        for text in (f'{{"{field}": {value}}}', f'{{"{group}": {{"{field}": {value}}}}}'):
            path.write_text(text)
            with pytest.raises(InputFileError, match=f"json: {group}.{field}: Input should be"):
                read_settings(str(path), print)
    path.write_text("{")
    with pytest.raises(InputFileError, match="the file: Invalid JSON"):
        read_settings(str(path), print)
    path.write_bytes(b'\xef\xbb\xbf{"blend": {"people_share": 0.5}}')
    assert read_settings(str(path), pytest.fail).blend.people_share == 0.5
    with pytest.raises(InputFileError, match="seed_formula"):
        read_settings(str(tmp_path / "none.json"), print)
    result = run("--interactions", path, "--settings", "", "--out", tmp_path / "out.csv")
    assert "name a JSON file of settings" in str(result.exception)


def test_settings_of_an_earlier_release_work_with_a_warning(
    communities: Path, tmp_path: Path
) -> None:
    path, feeds_of = tmp_path / "settings.json", {}
    for name, text in (
        ("flat", '{"people_share": 0.5, "content_for_all": true}'),
        ("nested", '{"blend": {"people_share": 0.5}, "similar_texts": {"for_all": true}}'),
    ):
        path.write_text(text)
        out = tmp_path / f"{name}.csv"
        result = run("--interactions", communities, "--settings", path, "--out", out)
        assert result.exit_code == 0, result.output
        feeds_of[name] = out.read_text()
        told = " ".join(result.stderr.split())
        for old, new in (
            ("people_share", "blend.people_share"),
            ("content_for_all", "similar_texts.for_all"),
        ):
            assert (f"the setting {old} is now {new}" in told) == (name == "flat")
    assert feeds_of["flat"] == feeds_of["nested"]


def test_evaluate_prints_and_stores_the_report(communities: Path, tmp_path: Path) -> None:
    stored = tmp_path / "report.json"
    result = run("--interactions", communities, "--json", stored)
    assert result.exit_code == 0, result.output
    for text in ("ndcg@10", "recent_popularity", "seed_formula", "known: ", "cold: ", "fresh: "):
        assert text in result.stdout
    scores = json.loads(stored.read_text())["scores"]
    known = {s["model"]: s["estimates"]["ndcg@10"] for s in scores if s["group"] == "known"}
    assert known["ours"]["mean"] > known["random"]["mean"]


def test_evaluate_chooses_settings_without_the_part_that_it_judges_them_on(
    communities: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[Snapshot] = []

    def tune(snapshot: Snapshot, **_: object) -> TuningReport:
        given.append(snapshot)
        return TuningReport(RecommenderSettings(), 0.0, 0, "none", ())

    monkeypatch.setattr(commands, "tune", tune)
    report = commands.evaluate(Inputs(communities), progress=print, note=print)
    assert report.cut
    assert len(given) == 1
    assert len(given[0].interactions) == report.events < 180
    assert given[0].interactions.at.max() <= report.cut
    assert given[0].seen.nnz <= report.events


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


def test_what_is_too_late_is_said(communities: Path, tmp_path: Path) -> None:
    posts = write(
        tmp_path, [("post_id", "created_at"), ("a1", T), ("new", T + 99 * HOUR)], "posts.csv"
    )
    out = tmp_path / "feeds.csv"
    given = ("--interactions", communities, "--posts", posts, "--settings", "seed_formula")
    result = run(*given, "--out", out)
    assert f"1 posts of {posts} are dated after 2023-11-1" in result.stderr
    assert "--as-of" in result.stderr
    result = run(*given, "--as-of", T + 99 * HOUR, "--out", out)
    assert "dated after" not in result.stderr
    assert "new" in feeds(out)["u3"]


def test_the_summary_counts_those_without_a_row(tmp_path: Path) -> None:
    rows = [("a", "p"), ("a", "q"), ("b", "p")]
    path = write(tmp_path, [("user_id", "post_id"), *rows])
    result = run(
        "--interactions", path, "--settings", "seed_formula", "--out", tmp_path / "feeds.csv"
    )
    assert "1 rows for 1 of 2 users, 2 with fewer than 50" in result.stderr


def test_brackets_are_shown_as_they_are_on_a_terminal() -> None:
    shown = io.StringIO()
    with _Progress(Console(file=shown, force_terminal=True, width=80)) as progress:
        progress("reading [/x].csv")
        progress.note("2 events of the unknown type '[/red]' are ignored")
        progress("fitting")
    assert "type '[/red]' are ignored" in shown.getvalue()
