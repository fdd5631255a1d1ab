"""The refresh between two nights, by its job on real servers."""

from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from tests.defs.conftest import NOW, TODAY, World
from threads_pipelines.definitions import defs
from threads_pipelines.defs.assets.matrix import control_group
from threads_pipelines.defs.refresh.rows import SKIPPED_TAG
from threads_pipelines.defs.refresh.schedule import ticks
from threads_pipelines.defs.refresh.skips import other_run
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.s3.pins import pin
from threads_pipelines.storage.s3.refreshes.record import read_refreshes
from threads_pipelines.storage.s3.registry import read_registry

JOB = "refresh_recommendations"
AGO = timedelta(hours=3)


@pytest.fixture
def night(world: World) -> World:
    """A night that read up to three hours ago, and whose rows are in the table."""
    as_of = {"as_of": (NOW - AGO).isoformat()}
    assert world.run("full_pipeline", ops={"interaction_matrix": {"config": as_of}}).success
    return world


def refresh(world: World, **config: Any) -> dg.ExecuteInProcessResult:
    ops = {"refreshed_feeds": {"config": config}} if config else {}
    return world.run(JOB, ops=ops)


def skipped(world: World) -> str | None:
    (run,) = world.instance.get_runs(dg.RunsFilter(job_name=JOB), limit=1)
    return run.tags.get(SKIPPED_TAG)


def execute(world: World, statement: str, **given: Any) -> None:
    with world.engine.begin() as connection:
        connection.exec_driver_sql(statement, given)


def old_reader(world: World) -> str:
    ((reader,),) = world.query(
        "SELECT user_id FROM user_interaction ORDER BY created_at DESC, user_id LIMIT 1"
    )
    return str(reader)


def write(world: World, author: str, post: str, when: datetime) -> None:
    execute(
        world,
        "INSERT INTO post (id, user_id, content, created_at, updated_at)"
        " VALUES (%(post)s, %(author)s, 'A new post', %(at)s, %(at)s)",
        post=post,
        author=author,
        at=when,
    )


def number(made: dg.AssetMaterialization, name: str) -> int:
    return int(str(made.metadata[name].value))


def generations(world: World) -> dict[str, set[datetime]]:
    found: dict[str, set[datetime]] = {}
    for user, made in world.query(
        "SELECT DISTINCT user_id, generated_at FROM user_recommendation"
        " WHERE expires_at > now() AT TIME ZONE 'UTC'"
    ):
        found.setdefault(user, set()).add(made)
    return found


def test_those_who_came_get_a_newer_feed_and_the_others_keep_theirs(night: World) -> None:
    author, reader = (u for (u,) in night.query('SELECT id FROM "user" ORDER BY id LIMIT 2'))
    write(night, author, "fresh post", NOW - timedelta(minutes=20))
    execute(night, "DELETE FROM user_recommendation WHERE user_id = %(u)s", u=reader)
    before = read_registry(night.store).active
    current = night.artefacts.current(TODAY)
    result = refresh(night)
    assert result.success
    (rows,) = result.asset_materializations_for_node("refreshed_recommendations")
    (made,) = result.asset_materializations_for_node("refreshed_feeds")
    assert all(check.passed for check in result.get_asset_check_evaluations())
    assert number(made, "dagster/row_count") == number(rows, "dagster/row_count") > 0
    found = generations(night)
    assert all(len(times) == 1 for times in found.values())
    newer = {user for user, (made_at,) in found.items() if made_at > NOW - AGO}
    assert reader in newer, "who has no feed has one now"
    assert author in newer, "who wrote a post has come"
    assert len(newer) == number(rows, "people") <= len(found)
    ((shown,),) = night.query(
        "SELECT count(*) FROM user_recommendation WHERE post_id = 'fresh post'"
    )
    assert shown > 0
    # A child of its night: nothing that looks for a night finds it.
    assert read_registry(night.store).active == before
    assert night.artefacts.current(TODAY) == current
    (kept,) = read_refreshes(night.store)
    assert before is not None
    assert kept.parent == before.version
    ((new_posts,),) = night.query(
        "SELECT count(DISTINCT p.id) FROM user_recommendation r JOIN post p ON p.id = r.post_id "
        f"WHERE p.created_at > '{NOW - AGO:%Y-%m-%d %H:%M:%S}' "
        f"AND r.generated_at > '{NOW - AGO:%Y-%m-%d %H:%M:%S}'"
    )
    assert kept.figures["new_posts_shown"] == new_posts > 0
    assert 20 <= (kept.figures["first_appearance_minutes"] or 0) < 180
    with pytest.raises(ArtefactError, match=r"is a refresh of .* and cannot be pinned"):
        pin(night.store, kept.version, "now")


def test_it_is_left_out_where_there_is_no_night_or_nothing_happened(world: World) -> None:
    assert refresh(world).success
    assert skipped(world) == "no night has published yet: run nightly_recommendations first"


def test_nothing_new_and_a_pin_leave_it_out(night: World) -> None:
    execute(night, "DELETE FROM user_interaction WHERE created_at > %(at)s", at=NOW - AGO)
    for table in ("post", "comment", '"like"', "follow"):
        execute(night, f"DELETE FROM {table} WHERE created_at > %(at)s", at=NOW - AGO)
    for column in ("created_at", "updated_at"):
        for table in ('"user"', "post"):
            execute(
                night,
                f"UPDATE {table} SET {column} = least({column}, %(at)s)",
                at=NOW - AGO,
            )
    feeds = night.feeds()
    assert refresh(night).success
    assert str(skipped(night)).startswith("nothing happened since ")
    write(night, old_reader(night), "later", NOW - timedelta(minutes=1))
    active = read_registry(night.store).active
    assert active is not None
    pin(night.store, active.version, "just now")
    assert refresh(night).success
    assert skipped(night) == f"version {active.version} is pinned since just now"
    assert night.feeds() == feeds


def test_who_has_seen_everything_loses_the_feed_and_control_is_withheld_from_both(
    night: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    control = set(control_group(night.engine, Experiment().settings()))
    readers = night.query("SELECT DISTINCT user_id FROM user_recommendation ORDER BY user_id")
    reader = next(user for (user,) in readers if user not in control)
    assert control & {user for (user,) in readers}
    execute(
        night,
        "INSERT INTO user_interaction (id, user_id, post_id, interaction_type, created_at)"
        " SELECT 'seen ' || id, %(u)s, id, 'view', %(at)s FROM post",
        u=reader,
        at=NOW - timedelta(minutes=5),
    )
    monkeypatch.setenv("THREADS_EXPERIMENT_WITHHOLD_CONTROL", "yes")
    result = refresh(night)
    assert result.success
    (made,) = result.asset_materializations_for_node("refreshed_feeds")
    assert number(made, "users_left_without") == 1
    found = generations(night)
    assert reader not in found
    newer = {user for user, (made_at,) in found.items() if made_at > NOW - AGO}
    assert newer, "others were refreshed"
    assert not newer & control
    assert control & set(found), "a refresh decides only about those whom it chose"

    assert night.run("nightly_recommendations").success
    found = generations(night)
    assert found
    assert not set(found) & {reader, *control}


@pytest.mark.parametrize("count", [3, pytest.param(24, marks=pytest.mark.soak)])
def test_the_next_night_replaces_what_refreshes_made(night: World, count: int) -> None:
    active = read_registry(night.store).active
    for number in range(count):
        write(night, old_reader(night), f"post {number}", datetime.now(UTC).replace(tzinfo=None))
        assert refresh(night, kept_hours=0.0).success
        assert skipped(night) is None
    assert read_registry(night.store).active == active
    assert len(read_refreshes(night.store)) == 1, "old ones went"
    stored = {item.key.split("/")[2] for item in night.store.listing(f"models/{TODAY}/2")}
    assert len(stored) == 2, "the night and the latest refresh"
    assert night.run("nightly_recommendations").success
    now = read_registry(night.store).active
    assert now is not None
    assert active is not None
    assert now.version != active.version
    found = generations(night)
    assert len({made for (made,) in found.values()}) == 1
    assert read_registry(night.store).previous == read_registry(night.store).find(active.version)


@pytest.mark.parametrize("job", [JOB, "nightly_recommendations", "pin_version", "full_pipeline"])
def test_a_run_that_publishes_leaves_it_out(job: str) -> None:
    with dg.instance_for_test() as instance:
        resolved = defs.resolve_job_def(job)
        key = TODAY if resolved.partitions_def else None
        run = instance.create_run_for_job(
            resolved,
            status=DagsterRunStatus.STARTED,
            tags={"dagster/partition": key} if key else {},
        )
        found = other_run(instance)
        assert found is not None
        assert found.run_id == run.run_id
        assert other_run(instance, run.run_id) is None


def test_the_schedule_is_off_and_its_interval_a_setting() -> None:
    resolved = defs.resolve_schedule_def("refresh_between_nights")
    assert resolved.default_status is dg.DefaultScheduleStatus.STOPPED
    assert resolved.cron_schedule == ticks(60) == "5 * * * *"
    assert ticks(15) == "5,20,35,50 * * * *"
    assert ticks(24 * 60) == ["5 0 * * *"]
    assert ticks(480) == ["5 0 * * *", "5 8 * * *", "5 16 * * *"]
