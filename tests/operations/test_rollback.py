"""An earlier version is served again, without what was seen or deleted since, until released."""

import re
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.operations.build import feeds, store_version
from tests.operations.published import RESOURCES, launch, publish_night
from tests.storage.app_database import AppDatabase
from threads_pipelines.defs.assets.publish import user_recommendation
from threads_pipelines.defs.failures import failure_of
from threads_pipelines.defs.ops.rollback import dry_run, pin_version, release_version
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.errors import DataError
from threads_pipelines.project_files import PROJECT_ROOT
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.registry import read_registry

TODAY = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
DAY, YESTERDAY = f"{TODAY:%Y-%m-%d}", f"{TODAY - timedelta(days=1):%Y-%m-%d}"
GOOD = [("ann", "p1", 0.9), ("ann", "p2", 0.8), ("ann", "p3", 0.7), ("bob", "p1", 0.6)]
BAD = [("ann", "p4", 0.9), ("bob", "p4", 0.9), ("bob", "p2", 0.1)]
TROUBLES = (PROJECT_ROOT / "docs" / "troubleshooting.md").read_text()
REMEDY = re.findall(r"`(DELETE FROM user_recommendation[^`]*)`", TROUBLES)[0]


@pytest.fixture
def nights(
    app_database: AppDatabase, environment: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> AppDatabase:
    """Yesterday's good version was published, then today's bad one."""
    del environment
    app_database.users("ann", "bob", "author")
    app_database.posts("author", "p1", "p2", "p3", "p4")
    store = ObjectStorage().artefacts()
    for partition, version, hours, rows in (
        (YESTERDAY, "good", 24, GOOD),
        (DAY, "bad", 0, BAD),
    ):
        store_version(store, partition, version, TODAY - timedelta(hours=hours), rows)
        publish_night(partition, instance)
    return app_database


def served() -> str | None:
    active = read_registry(ObjectStorage().store()).active
    return active.version if active else None


def test_a_rollback_serves_the_version_before_and_holds(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    assert feeds(nights) == {"ann": ["p4"], "bob": ["p4", "p2"]}
    # Since the good version was made, ann has seen p1, reposted p2, and p5's post came and went.
    nights.insert(
        "user_interaction",
        {"id": "i", "user_id": "ann", "post_id": "p1", "interaction_type": "view"},
    )
    nights.posts("ann", "repost", original_post_id="p2", created_at=TODAY)

    launch(pin_version, instance)

    assert feeds(nights) == {"ann": ["p3"], "bob": ["p1"]}
    pinned = read_pin(ObjectStorage().store())
    assert pinned is not None
    assert (pinned.version, served()) == ("good", "good")

    nights.rows("DELETE FROM post WHERE id = 'p3'")
    nights.rows("UPDATE user_recommendation SET generated_at = generated_at - interval '1 min'")
    assert "pinned" in publish_night(DAY, instance)  # the night does not publish over it
    assert feeds(nights)["bob"] == ["p1"]

    assert any("good is released" in line for line in launch(release_version, instance))
    nights.rows("UPDATE user_recommendation SET generated_at = generated_at - interval '1 day'")
    assert publish_night(DAY, instance) == "published"
    assert feeds(nights) == {"ann": ["p4"], "bob": ["p4", "p2"]}


def test_a_rollback_that_is_launched_again_stays_where_it_is(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    for _ in range(2):
        launch(pin_version, instance)
        assert feeds(nights) == {"ann": ["p1", "p2", "p3"], "bob": ["p1"]}


def test_an_older_day_for_one_account_is_not_what_is_served(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    nights.rows("DELETE FROM user_recommendation WHERE user_id = 'ann'")
    assert publish_night(YESTERDAY, instance) == "published; accounts that keep newer rows: 1"
    assert feeds(nights) == {"ann": ["p1", "p2", "p3"], "bob": ["p4", "p2"]}
    assert served() == "bad"
    (made,) = instance.fetch_materializations(user_recommendation.key, limit=1).records
    assert made.asset_materialization is not None
    assert made.asset_materialization.metadata["everyone"].value is False, "the feeds are not fresh"

    nights.rows("DELETE FROM user_recommendation")
    assert publish_night(YESTERDAY, instance) == "published"
    assert served() == "good"


def test_an_account_that_has_newer_rows_does_not_hold_up_the_others(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    nights.users("cem")
    rows = [*GOOD, ("cem", "p1", 0.5)]
    store_version(ObjectStorage().artefacts(), YESTERDAY, "again", TODAY - timedelta(1), rows)
    nights.rows("DELETE FROM user_recommendation WHERE user_id = 'ann'")
    publish_night(YESTERDAY, instance)
    assert served() == "again"


def test_a_named_version_is_pinned_and_a_wrong_name_is_refused(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    with pytest.raises(Exception, match=r"no version 'none'; the latest are: good, bad"):
        launch(pin_version, instance, version="none")
    assert feeds(nights) == {"ann": ["p4"], "bob": ["p4", "p2"]}
    launch(pin_version, instance, version="good")
    assert feeds(nights) == {"ann": ["p1", "p2", "p3"], "bob": ["p1"]}


def test_rows_made_in_the_future_stop_a_rollback_which_says_what_it_did(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    nights.rows(
        "UPDATE user_recommendation SET generated_at = generated_at + interval '200 days', "
        "expires_at = expires_at + interval '200 days' WHERE user_id = 'ann'"
    )
    with pytest.raises(DataError, match=r"good is pinned, but 1 of 2 users keep rows that were"):
        launch(pin_version, instance)
    (run,) = instance.get_runs(dg.RunsFilter(job_name=pin_version.name))
    said = [record.user_message for record in instance.all_logs(run.run_id)]
    assert "shard 1: 1 rows of 1 users are in place, 1 users keep newer ones" in said
    assert not [line for line in said if "served until released" in line]
    assert feeds(nights) == {"ann": ["p4"], "bob": ["p1"]}
    assert served() == "bad"

    nights.rows(REMEDY)
    launch(pin_version, instance)
    assert feeds(nights) == {"ann": ["p1", "p2", "p3"], "bob": ["p1"]}
    assert served() == "good"


def test_a_dry_run_tells_and_changes_nothing(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    rows = "SELECT * FROM user_recommendation ORDER BY id"
    nights.rows("UPDATE user_recommendation SET generated_at = generated_at - interval '1 day'")
    nights.rows("DELETE FROM user_recommendation WHERE user_id = 'ann'")
    before = nights.rows(rows)
    (told,) = [line for line in launch(dry_run, instance) if line.startswith("dry run for")]
    assert f"dry run for {DAY}: of 3 rows for 2 users 1 are new, 2 change" in told
    assert nights.rows(rows) == before


def test_releasing_nothing_says_so(nights: AppDatabase, instance: dg.DagsterInstance) -> None:
    del nights
    assert "nothing was pinned" in launch(release_version, instance)


def test_a_pin_that_cannot_be_read_stops_the_night_and_the_alert_says_so(
    nights: AppDatabase, instance: dg.DagsterInstance
) -> None:
    launch(pin_version, instance)
    objects = ObjectStorage().store()
    for item in list(objects.listing("pins/")):
        objects.put(item.key, b"")
    before = nights.rows("SELECT * FROM user_recommendation ORDER BY id")
    result = dg.materialize(
        [user_recommendation],
        partition_key=DAY,
        instance=instance,
        resources=RESOURCES,
        raise_on_error=False,
    )
    (failed,) = result.get_step_failure_events()
    assert re.match(
        r"pins/journal/\d+\.json cannot be read: .*nothing is publi", failure_of(failed)
    )
    assert nights.rows("SELECT * FROM user_recommendation ORDER BY id") == before

    assert any("cannot be read" in line for line in launch(release_version, instance))
    nights.rows("UPDATE user_recommendation SET generated_at = generated_at - interval '1 day'")
    assert publish_night(DAY, instance) == "published"
    assert feeds(nights) == {"ann": ["p4"], "bob": ["p4", "p2"]}
