"""After a day of refreshes, all that looks for a night finds the night."""

import re
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.cli.command import threads_pipelines as run
from tests.operations.build import feeds, store_version
from tests.operations.published import launch, publish_night
from tests.storage.app_database import AppDatabase
from tests.storage.publishing import put
from threads_pipelines.defs.assets.publish import user_recommendation
from threads_pipelines.defs.ops.rollback import dry_run, pin_version
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.pruning import prune_versions
from threads_pipelines.storage.s3.refreshes.pruning import prune_refreshes
from threads_pipelines.storage.s3.refreshes.record import (
    Refresh,
    forget_refreshes,
    read_refreshes,
    record_refresh,
)
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.retention import VersionRules

NOW = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
DAY, YESTERDAY = f"{NOW:%Y-%m-%d}", f"{NOW - timedelta(days=1):%Y-%m-%d}"
NIGHT_READ = NOW - timedelta(hours=25)
FORMER = [("ann", "p1", 0.9), ("bob", "p1", 0.6)]
NIGHT = [("ann", "p2", 0.9), ("bob", "p2", 0.9), ("bob", "p3", 0.1)]
COUNT = 24


@pytest.fixture
def refreshed(
    app_database: AppDatabase, environment: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> AppDatabase:
    """Two nights, and a refresh of ann's feed in each hour after the second."""
    del environment
    app_database.users("ann", "bob", "author")
    app_database.posts("author", "p1", "p2", "p3", "new")
    store = ObjectStorage().artefacts()
    for partition, version, read, rows in (
        (YESTERDAY, "former", NIGHT_READ - timedelta(hours=20), FORMER),
        (DAY, "night", NIGHT_READ, NIGHT),
    ):
        store_version(store, partition, version, read, rows)
        publish_night(partition, instance)
    for hour in range(1, COUNT + 1):
        at, rows = NIGHT_READ + timedelta(hours=hour), [("ann", "new", hour / 100)]
        store_version(store, DAY, f"refresh-{hour}", at, rows, refresh_of="night")
    put(app_database, rows, generated_at=at)
    assert feeds(app_database) == {"ann": ["new"], "bob": ["p2", "p3"]}
    return app_database


def test_a_dry_run_a_run_again_and_a_pin_take_the_night(
    refreshed: AppDatabase, instance: dg.DagsterInstance
) -> None:
    assert ObjectStorage().artefacts().current(DAY) == "night"
    (told,) = [line for line in launch(dry_run, instance) if line.startswith("dry run for")]
    assert "of 3 rows for 2 users 0 are new" in told
    assert "1 users keep newer rows" in told
    publish_night(DAY, instance)
    (made,) = instance.fetch_materializations(user_recommendation.key, limit=1).records
    assert made.asset_materialization is not None
    assert made.asset_materialization.metadata["version"].value == "night"
    assert feeds(refreshed)["ann"] == ["new"], "the newer feed stays"

    line = r"version refresh-3 is a refresh of night and cannot be pinned: pin the night itself"
    with pytest.raises(ArtefactError, match=line):
        launch(pin_version, instance, version="refresh-3")
    assert read_pin(ObjectStorage().store()) is None
    launch(pin_version, instance, version="night")
    assert feeds(refreshed) == {"ann": ["p2"], "bob": ["p2", "p3"]}


def test_pin_without_a_version_goes_back_to_the_night_before(
    refreshed: AppDatabase, instance: dg.DagsterInstance
) -> None:
    launch(pin_version, instance)
    assert read_registry(ObjectStorage().store()).active.version == "former"  # type: ignore[union-attr]
    assert feeds(refreshed) == {"ann": ["p1"], "bob": ["p1"]}, "refreshed rows went"


def test_the_next_night_replaces_what_refreshes_made(
    refreshed: AppDatabase, instance: dg.DagsterInstance
) -> None:
    store_version(ObjectStorage().artefacts(), DAY, "next", NOW, NIGHT)
    publish_night(DAY, instance)
    assert feeds(refreshed) == {"ann": ["p2"], "bob": ["p2", "p3"]}
    registry = read_registry(ObjectStorage().store())
    assert (registry.active.version, registry.previous.version) == ("next", "night")  # type: ignore[union-attr]


def test_versions_lists_refreshes_below_their_night(refreshed: AppDatabase) -> None:
    del refreshed
    record_refresh(
        ObjectStorage().store(), Refresh(DAY, "killed", "night", f"{NOW.isoformat()}+00:00")
    )
    listed = run("versions", "--refreshes")
    assert listed.returncode == 0, listed.stderr
    lines = [re.split(r" *[│|] ?", line)[1:-1] for line in listed.stdout.splitlines()]
    states = {line[0]: line[3] for line in lines if len(line) == 5}
    expected = [f"  refresh-{hour}" for hour in range(COUNT, 0, -1)]
    assert list(states) == ["night", "  killed", *expected, "former"]
    assert states["  killed"] == "refresh, not published"
    assert {states[name] for name in expected} == {"refresh"}
    short = run("versions").stdout
    assert "refresh-1" not in short
    assert "Refreshes not listed: 25. List them with --refreshes." in short


@pytest.mark.usefixtures("refreshed")
def test_refreshes_are_deleted_after_a_day() -> None:
    store, now = ObjectStorage().artefacts(), NOW.replace(tzinfo=UTC)
    assert prune_versions(store, now, VersionRules()).deleted == 0
    forget_refreshes(store.objects, ["refresh-1"])
    later = now + timedelta(hours=12)
    assert prune_versions(store, later, VersionRules()).deleted == 1, "what a killed pruning left"
    assert prune_refreshes(store, later, timedelta(days=1)) == 11
    assert read_refreshes(store.objects)[0].version == "refresh-13"
    assert prune_refreshes(store, now + timedelta(days=2), timedelta(days=1)) == 11
    left = {item.key.split("/")[2] for item in store.objects.listing(f"models/{DAY}/")}
    assert left == {"night", "refresh-24", "current.json", "current.json.copy"}
    assert store.current(DAY) == "night"
