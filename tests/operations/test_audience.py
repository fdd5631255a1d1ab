"""Feeds for some accounts only: the others keep theirs, and a wrong id is named before any work."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.operations.build import feeds, store_version
from tests.storage.app_database import AppDatabase
from threads_pipelines.defs.assets.matrix import interaction_matrix
from threads_pipelines.defs.assets.publish import user_recommendation
from threads_pipelines.defs.failures import failure_of
from threads_pipelines.defs.ops.rollback import dry_run
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.storage.s3.registry import read_registry

TODAY = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
DAY = f"{TODAY:%Y-%m-%d}"


@pytest.fixture
def people(app_database: AppDatabase, environment: pytest.MonkeyPatch) -> AppDatabase:
    """Everybody was served an hour ago; a newer version waits."""
    del environment
    app_database.users("ann", "bob", "eve", "author")
    app_database.posts("author", "p1", "p2")
    hour_ago = TODAY - timedelta(hours=1)
    for user in ("ann", "bob", "eve"):
        app_database.insert(
            "user_recommendation",
            {
                "id": user,
                "user_id": user,
                "post_id": "p1",
                "score": 0.5,
                "generated_at": hour_ago,
                "expires_at": hour_ago + timedelta(hours=48),
            },
        )
    rows = [("ann", "p2", 0.9), ("bob", "p2", 0.8)]
    store_version(ObjectStorage().artefacts(), DAY, "newer", TODAY, rows)
    return app_database


def materialize(
    asset: dg.AssetsDefinition, instance: dg.DagsterInstance, *users: str
) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [asset],
        partition_key=DAY,
        instance=instance,
        raise_on_error=False,
        resources={
            "database": Database(),
            "storage": ObjectStorage(),
            "experiment": Experiment(),
            "audience": Audience(users=list(users)),
        },
    )


def test_only_the_named_accounts_are_published(
    people: AppDatabase, instance: dg.DagsterInstance
) -> None:
    result = materialize(user_recommendation, instance, "ann", "eve")
    assert result.success
    assert feeds(people) == {"ann": ["p2"], "bob": ["p1"], "eve": ["p1"]}
    (made,) = result.asset_materializations_for_node("user_recommendation")
    assert made.metadata["state"].value == "published, for 1 named accounts alone"
    assert made.metadata["everyone"].value is False
    assert read_registry(ObjectStorage().store()).active is None  # it is not what all are served
    warned = [r.user_message for r in instance.all_logs(result.run_id) if r.level == 30]
    assert warned == ["no feed in version newer for eve"]

    assert materialize(user_recommendation, instance).success
    assert feeds(people) == {"ann": ["p2"], "bob": ["p2"], "eve": ["p1"]}


@pytest.mark.parametrize("asset", [interaction_matrix, user_recommendation])
def test_a_wrong_id_is_named_and_nothing_is_done(
    people: AppDatabase, instance: dg.DagsterInstance, asset: dg.AssetsDefinition
) -> None:
    before = feeds(people)
    versions = ObjectStorage().artefacts().current(DAY)
    result = materialize(asset, instance, "ann", "bob@example.org", "nobody")
    assert not result.success
    (failed,) = result.get_step_failure_events()
    assert failure_of(failed) == (
        "audience.users: no account has the id 'bob@example.org', 'nobody': "
        'give ids of the table "user", not emails or names'
    )
    assert feeds(people) == before
    assert ObjectStorage().artefacts().current(DAY) == versions


def test_a_dry_run_counts_only_the_named_accounts(
    people: AppDatabase, instance: dg.DagsterInstance
) -> None:
    before = feeds(people)
    result = dry_run.execute_in_process(
        instance=instance,
        resources={
            "database": Database(),
            "storage": ObjectStorage(),
            "audience": Audience(users=["bob"]),
        },
    )
    (told,) = [
        record.user_message
        for record in instance.all_logs(result.run_id)
        if record.user_message.startswith("dry run for")
    ]
    assert "of 1 rows for 1 users 1 are new" in told
    assert feeds(people) == before
