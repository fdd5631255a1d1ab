"""The facts of a version: typed, and read from manifests that earlier releases stored."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from threads_pipelines.dataset.version_facts import (
    DatabaseIdentity,
    GateDecision,
    VersionFacts,
    facts_from_json,
    facts_to_json,
)
from threads_pipelines.errors import ArtefactError
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3 import registry
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import pin
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.snapshots import load_snapshot
from threads_pipelines.storage.s3.versions.checked import is_checked, require_checked

BEFORE = Path(__file__).parent / "stored_before"
DAY = "2026-11-25"
RETIRED, ACTIVE, CANDIDATE = (
    *("20261125T104631Z-d195fef0", "20261125T104731Z-d976a7e2"),
    "20261125T104831Z-361fc3a0",
)
FACTS = VersionFacts(
    as_of=datetime(2026, 11, 25, 2, tzinfo=UTC),
    look_back_days=30,
    database=DatabaseIdentity("7301", "app", "public"),
    settings={"weights": {"view": 1.0}},
    settings_source="tonight's",
    judgement=GateDecision("pass", {"ndcg@10": 0.25}),
    top_k=50,
)


@pytest.fixture
def before(s3_settings: S3Settings, tmp_path: Path) -> ArtefactStore:
    """A bucket as an earlier release left it."""
    objects = ObjectStore(s3_settings)
    for path in sorted(BEFORE.rglob("*")):
        if path.is_file():
            objects.put(str(path.relative_to(BEFORE)), path.read_bytes())
    return ArtefactStore(objects, tmp_path / "scratch")


def test_facts_come_back_as_they_were() -> None:
    facts = replace(FACTS, as_of=datetime(2026, 11, 25, 4, tzinfo=timezone(timedelta(hours=2))))
    assert facts_from_json(json.loads(json.dumps(facts_to_json(facts)))) == facts
    refresh = replace(FACTS, kind="refresh", parent="night")
    assert facts_from_json(facts_to_json(refresh)) == refresh


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"as_of": "noon"}, "as_of"),
        ({"as_of": "2026-11-25T02:00:00"}, "as_of"),
        ({"look_back_days": None}, "look_back_days"),
        ({"kind": "weekly"}, "kind"),
        ({"kind": "refresh"}, "refresh cannot have the parent None"),
        ({"parent": "night"}, "night cannot have the parent 'night'"),
        ({"read": {"users": 1}}, "read"),
        ({"night": {"rows": 1}}, "night"),
    ],
)
def test_other_values_are_refused_by_name(change: dict, named: str) -> None:
    with pytest.raises(ValueError, match=named):
        facts_from_json({**facts_to_json(FACTS), **change})


def test_a_manifest_with_other_facts_is_refused_in_one_line(before: ArtefactStore) -> None:
    key = f"models/{DAY}/{ACTIVE}/manifest.json"
    stored = before.objects.get_json(key)
    stored["facts"]["as_of"] = 7.5
    before.objects.put_json(key, stored)
    stored["facts"] = ["junk"]
    before.objects.put_json(f"models/{DAY}/{RETIRED}/manifest.json", stored)
    for version in (ACTIVE, RETIRED):
        with pytest.raises(ArtefactError, match=r"manifest\.json is not a manifest") as refused:
            before.manifest(DAY, version)
        assert "\n" not in str(refused.value)


def test_a_version_that_an_earlier_release_stored_is_read(before: ArtefactStore) -> None:
    assert before.current(DAY) == CANDIDATE
    manifest = before.manifest(DAY, ACTIVE)
    facts = manifest.facts
    assert facts.as_of == datetime(2026, 11, 25, 10, 47, 31, tzinfo=UTC)
    assert (facts.look_back_days, facts.top_k, facts.kind, facts.parent) == (30, 8, "night", None)
    assert (facts.settings_source, facts.judgement) == (
        "tonight's",
        GateDecision("not_enough_events"),
    )
    assert facts.database is None
    assert facts.read is not None
    assert (facts.read.interactions_read, facts.read.vanished) == (240, 0)
    assert facts.night is not None
    assert (facts.night.rows, facts.night.types["view"]) == (110, 210)

    settings = RecommenderSettings.from_stored(facts.settings or {})
    snapshot = load_snapshot(before, DAY, ACTIVE)
    model = Model.from_arrays(before.load_arrays(DAY, "model.npz", ACTIVE), settings)
    assert len(snapshot.interactions) == 240
    assert model.n_users == len(snapshot.users.ids) == 14
    with open_scored(before, DAY, ACTIVE) as file:
        assert sum(len(table) for table in batches(file)) == 110

    changed = before.change_facts(DAY, ACTIVE, lambda old: replace(old, top_k=9))
    assert before.manifest(DAY, ACTIVE) == changed
    assert changed.facts == replace(facts, top_k=9)


def test_what_an_earlier_release_published_counts_as_checked(before: ArtefactStore) -> None:
    for version in (RETIRED, ACTIVE):
        assert require_checked(before, DAY, version).version == version
    assert not is_checked(before, before.manifest(DAY, CANDIDATE))
    found = registry.read_registry(before.objects)
    assert found.latest_checked(DAY) == found.find(ACTIVE)
    with pytest.raises(ArtefactError, match="has no recommendations"):
        require_checked(before, DAY, CANDIDATE)
    for refused in (registry.activate, lambda store, name: pin(store, name, "now")):
        with pytest.raises(ArtefactError, match=f"{CANDIDATE} did not pass its checks"):
            refused(before.objects, CANDIDATE)
    assert pin(before.objects, RETIRED, "now").version == RETIRED
