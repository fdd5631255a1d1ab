"""``--guard`` of the file commands."""

from pathlib import Path

import numpy as np

from tests.guard.communities import communities
from tests.offline.files import feeds, run, write
from threads_pipelines.guard.attacks import Attack, inject, targets_of


def test_a_bought_post_leaves_the_feeds_with_the_guard(tmp_path: Path) -> None:
    snapshot = communities(groups=6, people=80, posts=25)
    rng = np.random.default_rng(7)
    (target,) = targets_of(snapshot, "clone", rng)
    attacked = inject(snapshot, Attack("clone", 120, (target,)), rng)
    events, ids = attacked.snapshot.interactions, attacked.snapshot.users.ids
    rows = [
        (ids[user], f"p{post}", int(at))
        for user, post, at in zip(events.user, events.post, events.at, strict=True)
    ]
    file = write(tmp_path, [("user_id", "post_id", "created_at"), *rows])
    real = set(ids[~attacked.fake])
    shown = {}
    for option in ([], ["--guard"]):
        out = tmp_path / f"feeds{len(option)}.csv"
        given = ["--interactions", file, "--settings", "seed_formula", "--top-k", 10, *option]
        result = run(*given, "--out", out)
        assert result.exit_code == 0, result.output
        found = feeds(out)
        shown[bool(option)] = sum(f"p{target}" in found[user] for user in real) / len(real)
        assert ("judged posts count less" in result.stderr) == bool(option)
    assert shown[False] > 0.03
    assert shown[True] < 0.01
