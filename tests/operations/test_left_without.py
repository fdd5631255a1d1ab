"""Nights, pins and dry runs: who is decided about and has no rows loses the old ones."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.cli.command import threads_pipelines
from tests.operations.build import feeds, store_version
from tests.storage.app_database import AppDatabase
from threads_pipelines.defs.assets.publish import user_recommendation
from threads_pipelines.defs.failures import failure_of
from threads_pipelines.defs.ops.rollback import dry_run, pin_version
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.registry import read_registry

TODAY = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
DAY, YESTERDAY = f"{TODAY:%Y-%m-%d}", f"{TODAY - timedelta(days=1):%Y-%m-%d}"
ONE_OF_FOUR = "1 of 4 people with live rows (25.0%) would be left without any, and at most 5.0% may"
OLD = {"ann": ["p1"], "bob": ["p1"], "cem": ["p1"], "eve": ["p1"]}


@pytest.fixture
def people(app_database: AppDatabase, environment: pytest.MonkeyPatch) -> AppDatabase:
    """Four people were served yesterday; today Ann and Bob have rows, Cem none, Eve is withheld."""
    del environment
    app_database.users("ann", "bob", "cem", "eve", "author")
    app_database.posts("author", "p1", "p2")
    store, before = ObjectStorage().artefacts(), TODAY - timedelta(hours=20)
    receive = dict.fromkeys(OLD, True)
    rows = [(user, "p1", 0.5) for user in OLD]
    store_version(store, YESTERDAY, "before", before, rows, decided=receive)
    publish_day(YESTERDAY)
    assert feeds(app_database) == OLD
    rows = [("ann", "p2", 0.9), ("bob", "p2", 0.8)]
    store_version(store, DAY, "today", TODAY, rows, decided={**receive, "eve": False})
    return app_database


def publish_day(day: str, most: float | None = None, *users: str) -> dg.ExecuteInProcessResult:
    config = {} if most is None else {"config": {"max_left_without": most}}
    with dg.instance_for_test() as instance:
        return dg.materialize(
            [user_recommendation],
            partition_key=day,
            instance=instance,
            raise_on_error=False,
            run_config={"ops": {"user_recommendation": config}},
            resources={
                "database": Database(),
                "storage": ObjectStorage(),
                "audience": Audience(users=list(users)),
            },
        )


def failure(result: dg.ExecuteInProcessResult) -> str:
    (failed,) = result.get_step_failure_events()
    return failure_of(failed)


def launch(job: dg.JobDefinition, instance: dg.DagsterInstance, **config: object) -> list[str]:
    op = job.nodes_in_topological_order[-1].name
    result = job.execute_in_process(
        run_config={"ops": {op: {"config": config}}},
        resources={"database": Database(), "storage": ObjectStorage(), "audience": Audience()},
        instance=instance,
        raise_on_error=False,
    )
    lines = [record.user_message for record in instance.all_logs(result.run_id)]
    return lines if result.success else [failure(result)]


def test_a_night_takes_the_rows_of_those_who_get_none(people: AppDatabase) -> None:
    result = publish_day(DAY, 0.25)
    assert result.success
    assert feeds(people) == {"ann": ["p2"], "bob": ["p2"]}
    (made,) = result.asset_materializations_for_node("user_recommendation")
    numbers = ("users_with_a_feed_before", "users_left_without", "users_withheld")
    assert [made.metadata[name].value for name in numbers] == [4, 1, 1]
    assert made.metadata["state"].value == (
        "published; 1 of 4 people with a feed (25.0%) are left without one, "
        "1 more are left without one on purpose"
    )
    assert all(check.passed for check in result.get_asset_check_evaluations())


def test_above_the_limit_a_night_publishes_nothing(
    people: AppDatabase, environment: pytest.MonkeyPatch
) -> None:
    said = failure(publish_day(DAY))
    assert said.startswith(ONE_OF_FOUR)
    assert "THREADS_MAX_LEFT_WITHOUT" in said
    assert feeds(people) == OLD
    active = read_registry(ObjectStorage().store()).active
    assert active is not None
    assert active.version == "before"
    environment.setenv("THREADS_MAX_LEFT_WITHOUT", "30%")
    assert publish_day(DAY).success
    assert feeds(people) == {"ann": ["p2"], "bob": ["p2"]}


def test_an_empty_version_takes_nothing(people: AppDatabase) -> None:
    store = ObjectStorage().artefacts()
    store_version(store, DAY, "empty", TODAY, [], decided=dict.fromkeys(OLD, True))
    assert failure(publish_day(DAY)).startswith("4 of 4 people with live rows (100.0%)")
    assert feeds(people) == OLD


def test_rows_go_from_a_checked_version_alone(people: AppDatabase) -> None:
    store = ObjectStorage().artefacts()
    none = dict.fromkeys(OLD, False)
    store_version(store, DAY, "ill", TODAY, [], decided=none, checked=False)
    assert "did not pass its checks" in failure(publish_day(DAY, 1.0))
    assert feeds(people) == OLD


def test_a_version_that_does_not_say_whom_it_decides_about_touches_nobody_else(
    people: AppDatabase,
) -> None:
    store = ObjectStorage().artefacts()
    store_version(store, DAY, "former", TODAY, [("ann", "p2", 0.9)])
    assert publish_day(DAY).success
    assert feeds(people) == {**OLD, "ann": ["p2"]}


def test_an_older_version_that_comes_late_gives_nothing_to_whom_a_newer_one_left_without(
    people: AppDatabase,
) -> None:
    assert publish_day(DAY, 0.25).success
    people.rows("DELETE FROM user_recommendation WHERE user_id = 'bob'")
    assert publish_day(YESTERDAY).success
    assert feeds(people) == {"ann": ["p2"], "bob": ["p1"]}


def test_only_named_accounts_are_decided_about(people: AppDatabase) -> None:
    assert publish_day(DAY, None, "ann", "eve").success
    assert feeds(people) == {"ann": ["p2"], "bob": ["p1"], "cem": ["p1"]}
    assert failure(publish_day(DAY, None, "cem")).startswith("1 of 3 people with live rows")


def test_a_dry_run_tells_how_many_would_be_left_without(
    people: AppDatabase, instance: dg.DagsterInstance
) -> None:
    (told,) = [line for line in launch(dry_run, instance) if line.startswith("dry run for")]
    assert ONE_OF_FOUR in told
    (told,) = [
        line
        for line in launch(dry_run, instance, max_left_without=0.5)
        if line.startswith("dry run for")
    ]
    assert told.endswith(
        "; 1 of 4 people with a feed (25.0%) would be left without one, "
        "1 more would be left without one on purpose"
    )
    assert feeds(people) == OLD


def test_a_pin_takes_later_rows_of_those_whom_the_version_does_not_serve(
    people: AppDatabase, instance: dg.DagsterInstance
) -> None:
    """Dora joined after the pinned version was made, and a refresh has served her and Cem."""
    assert publish_day(DAY, 0.25).success
    people.users("dora")
    for user in ("cem", "dora"):
        people.insert(
            "user_recommendation",
            {
                "id": f"refreshed {user}",
                "user_id": user,
                "post_id": "p1",
                "score": 0.5,
                "generated_at": TODAY,
                "expires_at": TODAY + timedelta(hours=48),
            },
        )
    before = feeds(people)
    (refused,) = launch(pin_version, instance, version="today")
    assert refused.startswith("2 of 4 people with live rows (50.0%)")
    assert feeds(people) == before
    assert read_pin(ObjectStorage().store()) is None, "what is refused pins nothing"

    launch(pin_version, instance, version="today", max_left_without=0.5)
    assert feeds(people) == {"ann": ["p2"], "bob": ["p2"]}
    pinned = read_pin(ObjectStorage().store())
    assert pinned is not None
    assert pinned.version == "today"
    assert publish_day(DAY).success, "the nights under the pin find nobody to take rows from"


def test_the_commands_refuse_and_take_the_limit_from_the_environment(people: AppDatabase) -> None:
    refused = threads_pipelines("pin", "today")
    assert refused.returncode == 1
    assert ONE_OF_FOUR in refused.stdout
    assert "Traceback" not in refused.stderr
    assert feeds(people) == OLD
    done = threads_pipelines("pin", "today", environment={"THREADS_MAX_LEFT_WITHOUT": "25%"})
    assert done.returncode == 0, done.stderr
    assert feeds(people) == {"ann": ["p2"], "bob": ["p2"]}
