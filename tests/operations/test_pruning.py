"""What has had its time goes; what is served or pinned never does."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.operations.build import store_version
from threads_pipelines.defs.ops.maintenance import (
    finished_runs,
    maintenance,
    runs_of_latest_materializations,
)
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.run_pruning import prune_runs
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.newer_decisions import left_without_since
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import pin
from threads_pipelines.storage.s3.pruning import prune_versions
from threads_pipelines.storage.s3.refreshes.record import Refresh, record_refresh
from threads_pipelines.storage.s3.registry import activate, read_registry
from threads_pipelines.storage.s3.retention import (
    FinishedRun,
    StoredVersion,
    VersionRules,
    plan_runs,
    plan_versions,
)
from threads_pipelines.storage.s3.scored import batches, open_scored

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RULES = VersionRules(superseded_days=7, keep_days=90, keep_partitions=2)


def stored(days: float, **changes: bool) -> StoredVersion:
    created = NOW - timedelta(days=days)
    given = {"current": True, "served": False, **changes}
    return StoredVersion(f"{created:%Y-%m-%d}", f"v{days}", created, **given)


def test_superseded_versions_go_and_old_current_ones_are_thinned() -> None:
    versions = [stored(days) for days in (1, 2, 89, 91, 200)]
    versions += [stored(8, current=False), stored(6, current=False)]
    plan = plan_versions(versions, NOW, RULES)
    assert [v.version for v in plan.delete] == ["v8"]
    assert [v.version for v in plan.thin] == ["v91", "v200"]


def test_the_latest_partitions_stay_whatever_their_age() -> None:
    plan = plan_versions([stored(days) for days in (300, 200, 100)], NOW, RULES)
    assert [v.version for v in plan.thin] == ["v300"]


@given(st.lists(st.tuples(st.floats(0, 4000), st.booleans(), st.booleans()), max_size=20))
def test_what_is_served_is_never_touched(given_: list[tuple[float, bool, bool]]) -> None:
    versions = [stored(days, current=c, served=s) for days, c, s in given_]
    plan = plan_versions(versions, NOW, RULES)
    assert not [v for v in (*plan.delete, *plan.thin) if v.served]
    assert not set(plan.delete) & set(plan.thin)


def test_runs_go_by_age_and_count_but_not_the_needed_ones() -> None:
    runs = [FinishedRun(f"r{days}", NOW - timedelta(days=days)) for days in (1, 50, 91, 92, 93)]
    gone = plan_runs(runs, NOW, keep_days=90, keep_count=3, needed={"r93"})
    assert gone == ["r92"]
    assert plan_runs(runs, NOW, keep_days=90, keep_count=0, needed=()) == ["r91", "r92", "r93"]


@pytest.mark.usefixtures("environment")
def test_versions_are_pruned_on_s3(instance: dg.DagsterInstance) -> None:
    store = ObjectStorage().artefacts()
    rows = [("ann", "p1", 0.5)]
    for days, version in (
        (400, "ancient"),
        (300, "pinned"),
        (30, "first"),
        (30, "again"),
        (2, "before"),
        (1, "served"),
    ):
        as_of = (NOW - timedelta(days=days)).replace(tzinfo=None)
        store_version(store, f"{as_of:%Y-%m-%d}", version, as_of, rows)
    for version in ("before", "served"):
        activate(store.objects, version)
    pin(store.objects, "pinned", "now")

    dry = prune_versions(store, NOW, RULES, dry_run=True)
    assert (dry.deleted, dry.thinned) == (1, 1)
    assert dry.bytes > 0
    assert len(read_registry(store.objects).entries) == 6

    assert prune_versions(store, NOW, RULES) == dry
    assert [e.version for e in read_registry(store.objects).entries] == [
        *("ancient", "pinned", "again", "before", "served")
    ]
    assert list(store.objects.listing("models/2026-10-24/first/")) == []
    thinned = store.manifest("2025-10-19")  # its facts stay, its rows do not
    assert f"{thinned.facts.as_of:%Y-%m-%d}" == "2025-10-19"
    with pytest.raises(ArtefactError, match="materialize"), open_scored(store, "2025-10-19"):
        pass
    with open_scored(store, "2026-01-27", "pinned") as files:
        assert sum(len(table) for table in batches(files)) == 1
    again = prune_versions(store, NOW, RULES)
    assert (again.deleted, again.thinned, again.bytes) == (0, 0, 0)

    result = maintenance.execute_in_process(
        instance=instance, resources={"database": Database(), "storage": ObjectStorage()}
    )
    assert result.success


@pytest.mark.usefixtures("environment")
def test_a_recorded_refresh_stays_for_the_nights_that_ask_it() -> None:
    """The latest one is recorded for ever, also where no refresh has run for weeks."""
    store = ObjectStorage().artefacts()
    as_of = (NOW - timedelta(days=30)).replace(tzinfo=None)
    for version in ("refresh", "night"):
        store_version(store, f"{as_of:%Y-%m-%d}", version, as_of, [("ann", "p1", 0.5)])
    told = as_of.replace(tzinfo=UTC).isoformat()
    record_refresh(store.objects, Refresh(f"{as_of:%Y-%m-%d}", "refresh", "night", told, told))
    assert prune_versions(store, NOW, RULES).deleted == 0
    assert len(left_without_since(store, NOW - timedelta(days=40))) == 0


@pytest.mark.usefixtures("environment")
def test_a_killed_deletion_is_ended_by_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """Stands for a kill, which no handler catches."""

    store, version = ObjectStorage().artefacts(), "models/2026-10-24/first/"
    as_of = (NOW - timedelta(days=30)).replace(tzinfo=None)
    for name in ("first", "again"):
        store_version(store, "2026-10-24", name, as_of, [("ann", "p1", 0.5)])
    assert len(list(store.objects.listing(version))) > 1
    deleted: list[str] = []
    delete = ObjectStore.delete

    def delete_one(objects: ObjectStore, key: str) -> None:
        if deleted:
            raise Killed
        deleted.append(key)
        delete(objects, key)

    with monkeypatch.context() as patch:
        patch.setattr(ObjectStore, "delete", delete_one)
        with pytest.raises(Killed):
            prune_versions(store, NOW, RULES)
    assert prune_versions(store, NOW, RULES).deleted == 1
    assert list(store.objects.listing(version)) == []


@pytest.mark.usefixtures("environment")
def test_versions_without_a_manifest_go_after_a_day_but_not_the_served() -> None:
    store = ObjectStorage().artefacts()
    now = datetime.now(UTC)
    for days, version in ((6, "pinned"), (5, "served"), (4, "current"), (3, "whole")):
        as_of = (now - timedelta(days=days)).replace(tzinfo=None)
        store_version(store, f"{as_of:%Y-%m-%d}", version, as_of, [("ann", "p1", 0.5)])
    activate(store.objects, "served")
    pin(store.objects, "pinned", "now")
    day = f"{now - timedelta(days=3):%Y-%m-%d}"
    stored = [item.key for item in store.objects.listing("models/") if item.key.count("/") == 3]
    for key in stored:
        if key.endswith("manifest.json") and "/whole/" not in key:
            store.objects.delete(key)
    store.objects.put(f"models/{day}/killed/scored.parquet", b"half")
    store.objects.put(f"models/{day}/empty/manifest.json", b"")
    store.objects.put(f"models/{day}/junk/manifest.json", b"no JSON")

    def versions() -> set[str]:
        keys = [item.key.split("/") for item in store.objects.listing("models/")]
        return {key[2] for key in keys if len(key) == 4}

    everything = {"pinned", "served", "current", "whole", "killed", "empty", "junk"}
    assert prune_versions(store, now, RULES).debris == 0  # they may be under way
    assert versions() == everything
    later = now + timedelta(days=1, minutes=5)
    dry = prune_versions(store, later, RULES, dry_run=True)
    assert (dry.deleted, dry.debris, dry.bytes) == (0, 2, 4)
    assert versions() == everything
    assert prune_versions(store, later, RULES) == dry
    assert versions() == everything - {"killed", "empty"}


def test_the_run_that_made_an_asset_is_needed(instance: dg.DagsterInstance) -> None:
    @dg.asset
    def made() -> None:
        """Stand for any asset."""

    results = [dg.materialize([made], instance=instance) for _ in range(2)]
    assert runs_of_latest_materializations(instance) == {results[1].run_id}
    assert {run.run_id for run in finished_runs(instance)} == {run.run_id for run in results}


def test_a_deleted_run_leaves_no_output_of_its_steps(instance: dg.DagsterInstance) -> None:
    @dg.op
    def says() -> None:
        """Print a line."""
        print("something")

    @dg.job
    def talks() -> None:
        """One step."""
        says()

    run_id = talks.execute_in_process(instance=instance).run_id
    output = Path(instance.storage_directory()) / run_id
    assert any(output.rglob("*.out"))
    assert prune_runs(instance, "talks", hours=0) == 1
    assert not instance.has_run(run_id)
    assert not output.exists()
