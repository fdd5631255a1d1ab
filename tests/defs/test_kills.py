"""A run that is killed in the middle of a step is simply run again."""

import random

import dagster as dg
import pytest

from tests.defs.conftest import NOW, SMALL, World
from tests.defs.kills import DEADLINE, Launch, kill_in
from threads_pipelines.definitions import defs
from threads_pipelines.storage.postgres.database import session

AS_OF = {"interaction_matrix": {"config": {"as_of": NOW.isoformat()}}}
CONFIG = {"ops": AS_OF, "resources": {"synthetic": {"config": SMALL}}}
START = Launch("full_pipeline", CONFIG)


def feeds_after(world: World, instance: dg.DagsterInstance, kills: list[tuple[str, float]]) -> set:
    for step, delay in kills:
        kill_in(instance, START, step, delay)
    assert START.start().wait(DEADLINE) == 0
    return world.feeds()


def steps() -> list[str]:
    plan = defs.resolve_job_def("full_pipeline").all_node_defs
    return sorted(node.name for node in plan)


def undisturbed(world: World) -> set[tuple[str, str, float]]:
    """The feeds of a run that nobody killed; the database is as before afterwards."""
    world.run("full_pipeline", ops=AS_OF)
    feeds = world.feeds()
    with session(world.engine) as connection, connection.cursor() as cursor:
        cursor.execute('TRUNCATE "user" CASCADE')
        connection.commit()
    for prefix in ("generated/", "models/", "tuning/", "reports/"):
        world.store.delete_prefix(prefix)
    return feeds


@pytest.mark.slow
def test_killed_runs_leave_nothing_behind(world: World, instance: dg.DagsterInstance) -> None:
    expected = undisturbed(world)
    kills = [("synthetic_population", 0.8), ("knn_model", 0.0), ("user_recommendation", 0.1)]
    assert feeds_after(world, instance, kills) == expected
    assert {run.status for run in instance.get_runs()} == {
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
    }, "a killed run is marked as failed by the next launch"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(10))
def test_killed_anywhere(world: World, instance: dg.DagsterInstance, seed: int) -> None:
    expected = undisturbed(world)
    rng = random.Random(seed)
    kills = [(step, rng.uniform(0, 1.5)) for step in rng.sample(steps(), len(steps()))]
    assert feeds_after(world, instance, kills) == expected
