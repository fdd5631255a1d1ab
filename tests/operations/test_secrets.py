"""Secrets are planted in every address; then everything that was written is searched for them."""

from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg
import pytest
from sqlalchemy import make_url

from tests.operations.build import store_version
from tests.operations.receiver import receiving
from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.defs.assets.matrix import interaction_matrix
from threads_pipelines.defs.assets.publish import user_recommendation
from threads_pipelines.defs.assets.services import check_services
from threads_pipelines.defs.resources import participants
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore

PLANTED = "planted-secret-7f3a"
RESOURCES = {
    "database": Database(),
    "storage": ObjectStorage(),
    "experiment": participants.Experiment(),
    "audience": Audience(),
}
TODAY = datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def written(instance: dg.DagsterInstance, store: ObjectStore) -> Iterator[tuple[str, bytes]]:
    """All that runs leave behind: runs, events with their metadata and traces, and objects."""
    for run in instance.get_runs():
        yield f"run {run.run_id}", repr((run.tags, run.run_config)).encode()
        for entry in instance.all_logs(run.run_id):
            yield f"event of {run.run_id}", repr(entry).encode()
    for item in store.listing(""):
        yield item.key, store.get(item.key)


def where_found(secrets: set[str], places: Iterator[tuple[str, bytes]]) -> tuple[list[str], int]:
    """Names of the places that hold a secret, and how many places were searched."""
    found, searched = [], 0
    for name, content in places:
        searched += 1
        found += [name for secret in secrets if secret.encode() in content]
    return found, searched


@pytest.fixture
def people(app_database: AppDatabase) -> AppDatabase:
    app_database.users("ann", "bob")
    app_database.posts("ann", "p1", "p2")
    return app_database


@pytest.mark.usefixtures("people")
def test_a_night_that_works_writes_no_secret(
    environment: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    capfd: pytest.CaptureFixture[str],
) -> None:
    with receiving() as server:
        environment.setenv("THREADS_ALERT_WEBHOOK_URL", f"{server.url}/{PLANTED}")
        loaded = settings.load()
        store = ObjectStorage().artefacts()
        store_version(store, f"{TODAY:%Y-%m-%d}", "v1", TODAY, [("bob", "p1", 0.5)])
        for assets in ([user_recommendation], [check_services, interaction_matrix]):
            result = dg.materialize(
                assets,
                partition_key=f"{TODAY:%Y-%m-%d}",
                instance=instance,
                resources=RESOURCES,
            )
            assert result.success
    secrets = set(loaded.secrets) | {PLANTED}
    assert len(secrets) >= 4
    found, searched = where_found(secrets, written(instance, store.objects))
    assert found == []
    assert searched > 30
    output = "".join(capfd.readouterr())
    assert "check_services" in output
    assert not [secret for secret in secrets if secret in output]


@pytest.mark.parametrize("part", ["database", "s3", "dagster"])
def test_a_night_that_fails_for_its_credentials_writes_no_secret(
    environment: pytest.MonkeyPatch,
    instance: dg.DagsterInstance,
    s3_settings: S3Settings,
    capfd: pytest.CaptureFixture[str],
    part: str,
) -> None:
    loaded = settings.load()
    for name, variable in (("database", "DATABASE_URL"), ("dagster", "DAGSTER_DATABASE_URL")):
        if part == name:
            address = make_url(loaded.database_url).set(password=PLANTED)
            environment.setenv(variable, address.render_as_string(hide_password=False))
    if part == "s3":
        environment.setenv("AWS_SECRET_ACCESS_KEY", PLANTED)
    result = dg.materialize([check_services], instance=instance, raise_on_error=False)
    assert result.success is (part == "dagster")  # a run that runs has its storage: it only warns
    found, searched = where_found({PLANTED}, written(instance, ObjectStore(s3_settings)))
    assert found == []
    assert searched > 3
    assert PLANTED not in "".join(capfd.readouterr())


def test_the_search_would_find_one(instance: dg.DagsterInstance, s3_settings: S3Settings) -> None:
    @dg.asset
    def leaky(context: dg.AssetExecutionContext) -> None:
        """Log what must not be logged."""
        context.log.info(f"connecting with {PLANTED}")

    store = ObjectStore(s3_settings)
    store.put("models/leak.npz", PLANTED.encode())
    dg.materialize([leaky], instance=instance)
    found, _ = where_found({PLANTED}, written(instance, store))
    assert "models/leak.npz" in found
    assert any(name.startswith("event of") for name in found)
