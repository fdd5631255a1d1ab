"""A refresh that is killed, fails or is retried leaves every feed as it is; the next one works."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from tests.defs.conftest import NOW, World
from tests.defs.kills import DEADLINE, Launch, kill_in
from threads_pipelines.defs.assets.matrix import control_group
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.storage.postgres.database import session
from threads_pipelines.storage.postgres.publishing.lease import publishing
from threads_pipelines.storage.s3.refreshes.record import published_refreshes, read_refreshes

REFRESH = Launch("refresh_recommendations")
AS_OF = {"interaction_matrix": {"config": {"as_of": (NOW - timedelta(hours=3)).isoformat()}}}
Feeds = dict[str, set[tuple[datetime, str, float]]]


@pytest.fixture
def night(world: World) -> World:
    """A night that read up to three hours ago."""
    assert world.run("full_pipeline", ops=AS_OF).success
    return world


def feeds(world: World) -> Feeds:
    found: Feeds = {}
    for user, *row in world.query(
        "SELECT user_id, generated_at, post_id, score FROM user_recommendation"
    ):
        found.setdefault(user, set()).add(tuple(row))
    return found


def act(world: World) -> None:
    """Somebody views a post just now."""
    with session(world.engine) as connection, connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO user_interaction (id, user_id, post_id, interaction_type, created_at) "
            "SELECT gen_random_uuid()::text, u.id, p.id, 'view', now() AT TIME ZONE 'UTC' "
            'FROM (SELECT id FROM "user" ORDER BY random() LIMIT 1) u, '
            "(SELECT id FROM post ORDER BY random() LIMIT 1) p"
        )
        connection.commit()


def assert_old_or_new(world: World, before: Feeds) -> int:
    """Every feed is the one before or a whole newer one; returns how many are newer."""
    after = feeds(world)
    assert set(before) <= set(after)
    newer = [user for user, feed in after.items() if feed != before.get(user)]
    for user in newer:
        made = {at for at, *_ in after[user]}
        assert len(made) == 1, "mixed"
        assert not before.get(user) or made.pop() > min(before[user])[0], "older"
    return len(newer)


def test_a_refresh_that_is_killed_is_made_up_for_by_the_next(
    night: World, instance: dg.DagsterInstance
) -> None:
    before = feeds(night)
    kill_in(instance, REFRESH, "refreshed_recommendations", 0.2)
    assert feeds(night) == before
    kill_in(instance, REFRESH, "refreshed_feeds", 0.05)
    assert_old_or_new(night, before)
    assert read_refreshes(night.store), "what was begun is known, to be deleted"
    (killed,) = instance.get_runs(limit=1)
    retry = Launch(REFRESH.job, retry_of=killed.run_id)
    assert retry.start().wait(DEADLINE) == 0
    assert assert_old_or_new(night, before) > 0
    (published,) = published_refreshes(night.store)
    act(night)
    assert REFRESH.start().wait(DEADLINE) == 0
    assert len(published_refreshes(night.store)) == 2
    assert published_refreshes(night.store)[0] == published


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere(night: World, instance: dg.DagsterInstance, seed: int) -> None:
    for step in ("refresh_due", "refreshed_recommendations", "refreshed_feeds"):
        before = feeds(night)
        kill_in(instance, REFRESH, step, 0.15 * seed)
        assert_old_or_new(night, before)
        act(night)
        assert REFRESH.start().wait(DEADLINE) == 0
        last = published_refreshes(night.store)[-1]
        assert datetime.fromisoformat(last.as_of) > datetime.now(UTC) - timedelta(minutes=10)


def test_a_refresh_that_fails_leaves_the_feeds_and_the_next_one_works(
    night: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = feeds(night)
    short = {"refreshed_feeds": {"config": {"wait_seconds": 0}}}
    with publishing(night.engine, "somebody else", wait_seconds=1):
        failed = night.run("refresh_recommendations", ops=short, raise_on_error=False)
    assert not failed.success
    assert feeds(night) == before
    assert published_refreshes(night.store) == ()
    monkeypatch.setenv("THREADS_EXPERIMENT_WITHHOLD_CONTROL", "yes")
    assert night.run("refresh_recommendations").success
    assert assert_old_or_new(night, before) > 0
    control, after = control_group(night.engine, Experiment().settings()), feeds(night)
    assert control
    assert all(after.get(user) == before.get(user) for user in control)
    assert len(published_refreshes(night.store)) == 1
