"""Versions belong to the database that they were made from; another database's are refused."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import make_url

from tests.operations.build import store_version
from tests.storage.app_database import AppDatabase
from threads_pipelines.defs.assets.tuning import FOLDER, latest_winner
from threads_pipelines.errors import ForeignHistoryError
from threads_pipelines.experiment.settings import ExperimentSettings
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.feeds_to_publish import feeds_to_publish
from threads_pipelines.storage.history import (
    adopt,
    require_own,
    require_own_history,
    require_own_start,
)
from threads_pipelines.storage.postgres.database import connect
from threads_pipelines.storage.postgres.server_identity import THIS_MACHINE, read_identity
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.experiment_start import note_start
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.registry import read_registry, register

DAY = "2026-11-22"
AS_OF = datetime(2026, 11, 22, 2, tzinfo=UTC).replace(tzinfo=None)


@pytest.fixture
def store(s3_settings: S3Settings, tmp_path: Path) -> ArtefactStore:
    return ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch")


def store_of(store: ArtefactStore, database: AppDatabase, version: str = "v1") -> None:
    """Store a version that was made from a database."""
    store_version(store, DAY, version, AS_OF, [("ann", "p1", 0.9)])
    identity = read_identity(database.engine)
    store.change_facts(DAY, version, lambda facts: replace(facts, database=identity))


def test_a_database_is_told_from_its_neighbour_on_the_same_server(
    app_database: AppDatabase, own_database: AppDatabase
) -> None:
    one, other = read_identity(app_database.engine), read_identity(own_database.engine)
    assert one == read_identity(app_database.engine)
    assert (one.server, one.schema) == (other.server, other.schema)
    assert one.server.isdigit()
    assert one != other
    assert one.address == THIS_MACHINE


def test_a_server_that_does_not_tell_its_identifier_is_named_by_its_address(
    own_database: AppDatabase,
) -> None:
    own_database.rows("DROP ROLE IF EXISTS untold")
    own_database.rows("CREATE ROLE untold LOGIN PASSWORD 'untold'")
    own_database.rows("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC")
    address = make_url(own_database.url).set(username="untold", password="untold")
    told = read_identity(own_database.engine)
    untold = read_identity(connect(address.render_as_string(hide_password=False)))
    assert untold.server == f"address {THIS_MACHINE}"
    assert (untold.database, untold.schema) == (told.database, told.schema)
    own_database.rows("DROP ROLE untold")


def test_another_databases_versions_are_refused_until_they_are_adopted(
    store: ArtefactStore, app_database: AppDatabase, own_database: AppDatabase
) -> None:
    store_of(store, app_database)
    ours, theirs = own_database.engine, app_database.engine
    assert require_own_history(theirs, store) == ""
    with pytest.raises(ForeignHistoryError) as refused:
        require_own_history(ours, store)
    message = str(refused.value)
    assert "\n" not in message
    for part in (
        *("version v1", "app_tests.public", str(own_database.engine.url.database)),
        *("S3_BUCKET", "threads-pipelines adopt"),
    ):
        assert part in message
    with pytest.raises(ForeignHistoryError), feeds_to_publish(ours, store, DAY, "v1", AS_OF):
        pass

    assert adopt(ours, store) == [str(read_identity(theirs))]
    assert adopt(ours, store) == []
    assert require_own_history(ours, store) == ""
    assert require_own(theirs, store, store.manifest(DAY, "v1")) == ""
    with feeds_to_publish(ours, store, DAY, "v1", AS_OF) as feeds:
        assert feeds.version == "v1"


def test_a_registered_version_is_known_by_its_entry_after_its_files_are_gone(
    store: ArtefactStore, app_database: AppDatabase, own_database: AppDatabase
) -> None:
    store_version(store, DAY, "v1", AS_OF, [("ann", "p1", 0.9)])
    database = read_identity(app_database.engine)
    entry = read_registry(store.objects).find("v1")
    register(store.objects, replace(entry, database=database))
    store.objects.delete(store.manifest(DAY, "v1").key)
    assert read_registry(store.objects).find("v1").database == database
    assert require_own_history(app_database.engine, store) == ""
    with pytest.raises(ForeignHistoryError, match="version v1"):
        require_own_history(own_database.engine, store)
    assert adopt(own_database.engine, store) == [str(database)]
    assert require_own_history(own_database.engine, store) == ""


def test_an_experiment_is_not_continued_on_another_database(
    store: ArtefactStore, app_database: AppDatabase, own_database: AppDatabase
) -> None:
    experiment = ExperimentSettings(name="one")
    require_own_start(own_database.engine, store.objects, experiment)  # nothing began yet
    theirs = require_own_start(app_database.engine, store.objects, experiment)
    assert note_start(store.objects, experiment, AS_OF, theirs) == AS_OF
    require_own_start(app_database.engine, store.objects, experiment)
    with pytest.raises(ForeignHistoryError, match="the start of experiment 'one' in bucket"):
        require_own_start(own_database.engine, store.objects, experiment)
    assert adopt(own_database.engine, store) == [str(theirs)]
    require_own_start(own_database.engine, store.objects, experiment)

    before = ExperimentSettings(name="begun by an earlier release")
    note_start(store.objects, before, AS_OF)
    require_own_start(own_database.engine, store.objects, before)


def test_settings_tuned_on_another_database_are_refused(
    store: ArtefactStore, app_database: AppDatabase, own_database: AppDatabase
) -> None:
    ours, theirs = read_identity(own_database.engine), read_identity(app_database.engine)
    tuned = RecommenderSettings()
    kept = {"until": 1, "settings": tuned.model_dump(mode="json"), "database": asdict(theirs)}
    store.objects.put_json(f"{FOLDER}{DAY}.json", kept)
    assert latest_winner(store.objects, DAY, 1, theirs) == tuned
    with pytest.raises(ForeignHistoryError, match=f"the tuning of {DAY} in bucket"):
        latest_winner(store.objects, DAY, 1, ours)
    assert adopt(own_database.engine, store) == [str(theirs)]
    assert latest_winner(store.objects, DAY, 1, ours) == tuned

    store.objects.put_json(f"{FOLDER}{DAY}.json", {**kept, "database": None})
    assert latest_winner(store.objects, DAY, 1, ours) == tuned, "an earlier release did not say"


def test_what_was_adopted_is_not_bound_the_other_way(
    store: ArtefactStore, app_database: AppDatabase, own_database: AppDatabase
) -> None:
    store_of(store, app_database)
    adopt(own_database.engine, store)
    store_of(store, own_database, "v2")
    with pytest.raises(ForeignHistoryError, match="version v2"):
        require_own_history(app_database.engine, store)


def test_a_clone_at_another_address_is_warned_about(
    store: ArtefactStore, app_database: AppDatabase
) -> None:
    store_of(store, app_database)
    moved = replace(read_identity(app_database.engine), address="db.example.org:5432")
    store.change_facts(DAY, "v1", lambda facts: replace(facts, database=moved))
    warning = require_own_history(app_database.engine, store)
    assert "db.example.org:5432" in warning
    assert THIS_MACHINE in warning
    assert "clone" in warning


def test_versions_of_before_belong_to_whoever_asks(
    store: ArtefactStore, app_database: AppDatabase
) -> None:
    store_version(store, DAY, "v1", AS_OF - timedelta(days=1), [("ann", "p1", 0.9)])
    assert require_own_history(app_database.engine, store) == ""
