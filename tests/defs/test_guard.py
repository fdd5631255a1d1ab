"""The engagement guard on real storage: what a night keeps of it, and what its feeds become."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow.parquet as pq
import pytest
from openpyxl import load_workbook

from tests.defs.conftest import TODAY, World
from tests.guard.communities import communities
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.defs.assets.guard import engagement_guard, judged_anew, stored_trust
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.errors import ArtefactError
from threads_pipelines.guard.attacks import Attack, inject, targets_of
from threads_pipelines.storage.s3.guard import LISTS, load_flagged, read_lists
from threads_pipelines.storage.s3.snapshots import save_snapshot

SNAPSHOT = communities(groups=6, people=80, posts=25)


@pytest.fixture(autouse=True)
def guard_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THREADS_ENGAGEMENT_GUARD", "yes")


def attacked() -> tuple[Snapshot, int]:
    rng = np.random.default_rng(7)
    (target,) = targets_of(SNAPSHOT, "clone", rng)
    return inject(SNAPSHOT, Attack("clone", 120, (target,)), rng).snapshot, target


def guarded(world: World, snapshot: Snapshot, **config: Any) -> dg.ExecuteInProcessResult:
    """Run the guard on a version of this snapshot."""
    facts = VersionFacts(as_of=datetime.fromtimestamp(snapshot.as_of, UTC), look_back_days=30)
    world.artefacts.create(TODAY, "v", "2026-01-01T02:00:00+00:00", facts)
    save_snapshot(world.artefacts, TODAY, "v", snapshot)
    world.artefacts.set_current(TODAY, "v")
    return dg.materialize(
        [engagement_guard],
        partition_key=TODAY,
        instance=world.instance,
        resources={"storage": ObjectStorage()},
        run_config={"ops": {"engagement_guard": {"config": config}}},
    )


def test_a_bought_post_counts_little_and_a_person_is_told_why(world: World) -> None:
    snapshot, target = attacked()
    result = guarded(world, snapshot)
    (check,) = result.get_asset_check_evaluations()
    manifest = world.artefacts.manifest(TODAY)
    facts = manifest.facts.guard
    assert facts is not None
    assert facts.doubted_posts >= 1
    # A fifth of all accounts are bought: more than a person should be left alone with.
    assert check.passed == (facts.discounted_events <= 0.05)
    rows = {row["id"]: row for row in load_flagged(world.artefacts, TODAY, "v").to_pylist()}
    row = rows[str(snapshot.posts.ids[target])]
    assert row["kind"] == "post"
    assert row["people"] >= 120
    assert row["trust"] < 0.02
    assert "times as alike as chance gives" in row["reason"]
    trust = stored_trust(world.artefacts, manifest, snapshot)
    assert len(trust) == len(snapshot.interactions)
    assert trust[snapshot.interactions.post == target].max() < 0.02


def test_the_command_lists_and_exports_what_counts_less(world: World, tmp_path: Path) -> None:
    snapshot, target = attacked()
    guarded(world, snapshot)
    command = [
        sys.executable,
        "-m",
        "threads_pipelines.cli.main",
        "flagged",
        "--out",
        str(tmp_path),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    post = str(snapshot.posts.ids[target])
    assert post in done.stdout
    assert "judged posts" in done.stdout
    written = pq.read_table(tmp_path / "flagged_accounts.parquet").to_pylist()
    assert post in {row["id"] for row in written}
    sheet = load_workbook(tmp_path / "report.xlsx")["flagged_accounts"]
    assert [cell.value for cell in sheet[2]][1] == written[0]["id"]
    guarded(world, snapshot, enabled=False)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "guard was off" in done.stdout


def test_the_switch_leaves_every_event_as_it_is(world: World, monkeypatch: Any) -> None:
    snapshot, _ = attacked()
    guarded(world, snapshot)
    guarded(world, snapshot, enabled=False)
    manifest = world.artefacts.manifest(TODAY)
    assert manifest.facts.guard is None
    assert len(stored_trust(world.artefacts, manifest, snapshot)) == 0
    monkeypatch.delenv("THREADS_ENGAGEMENT_GUARD")
    guarded(world, snapshot)
    assert world.artefacts.manifest(TODAY).facts.guard is None


def test_a_person_decides_by_run_config_and_by_a_file(world: World) -> None:
    snapshot, target = attacked()
    blocked, post = str(snapshot.users.ids[3]), str(snapshot.posts.ids[target])
    world.store.put_json(LISTS, {"allow": [post], "block": []})
    guarded(world, snapshot, block=[blocked])
    manifest = world.artefacts.manifest(TODAY)
    events, trust = snapshot.interactions, stored_trust(world.artefacts, manifest, snapshot)
    assert (trust[events.user == 3] == 0).all()
    assert (trust[(events.post == target) & (events.user != 3)] == 1).all()
    # A refresh knows what the night decided of an account, and reads the file again.
    world.store.put_json(LISTS, {"allow": [], "block": []})
    later = judged_anew(world.artefacts, manifest, snapshot)
    assert (later[events.user == 3] == 0).all()
    assert later[(events.post == target) & (events.user != 3)].max() < 0.02


def test_an_attack_between_two_nights_is_judged_by_the_refresh(world: World) -> None:
    guarded(world, SNAPSHOT)
    snapshot, target = attacked()
    trust = judged_anew(world.artefacts, world.artefacts.manifest(TODAY), snapshot)
    pushed = snapshot.interactions.post == target
    assert trust[pushed].max() < 0.02
    assert (trust[~pushed] == 1).mean() > 0.95


@pytest.mark.parametrize("wrong", [[], {"allow": "me"}, {"deny": []}, {"block": [1]}])
def test_a_list_that_cannot_be_meant_is_refused_by_name(world: World, wrong: object) -> None:
    world.store.put_json(LISTS, wrong)
    with pytest.raises(ArtefactError, match=r"guard/lists\.json must be"):
        read_lists(world.store)
