"""The whole system against the plain model, at the level of storage and artefacts.

`make test` plays 30 sequences and plants four faults, each of which has to be found. `make soak`
plants a fifth and plays 10,000 longer sequences, in parts that can be run one by one.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.fake_run import Clock, FakeInstance
from tests.machine.machine import Machine
from tests.machine.planted import PLANTED
from tests.machine.world import World
from tests.storage.app_database import AppDatabase
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore

QUICK, STEPS = 30, 8
PARTS, SEQUENCES, LONG = 100, 100, 50
FEWEST_STEPS = 50
_RARE = ("ignore_the_pin", "forget_unlikes")
"""Found after a pin, or an unlike, and a night alone: that takes many sequences."""
Play = Callable[..., type[Machine]]


@pytest.fixture
def world(
    app_database: AppDatabase,
    s3_settings: S3Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    connection = psycopg2.connect(app_database.url.replace("+psycopg2", ""))
    connection.autocommit = True
    versions = ArtefactStore(ObjectStore(s3_settings), tmp_path / "scratch")
    made = World(app_database.engine, connection, versions, Clock(_noon()))
    made.install(monkeypatch)
    yield made
    connection.close()


@pytest.fixture
def play(world: World) -> Play:
    """Play sequences on a world that is emptied before each."""

    def run(count: int, steps: int, number: int | None = None, fewest: int = 0) -> type[Machine]:
        class Fresh(Machine):
            def __init__(self) -> None:
                empty(self.world)
                super().__init__()

        Fresh.world = world
        factory = Fresh if number is None else seed(number)(Fresh)
        run_state_machine_as_test(
            factory,
            settings=settings(
                max_examples=count,
                stateful_step_count=steps,
                derandomize=number is None,
                database=None,
                deadline=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
                report_multiple_bugs=False,
            ),
            _min_steps=fewest,
        )
        return Fresh

    return run


def empty(world: World) -> None:
    """No rows, no objects, noon of today."""
    world.ask('TRUNCATE "user" CASCADE')
    objects = world.versions.objects
    keys = [{"Key": item.key} for item in objects.listing("")]
    for start in range(0, len(keys), 1000):
        deleting: Any = {"Objects": keys[start : start + 1000], "Quiet": True}
        objects._client.delete_objects(Bucket=objects.bucket, Delete=deleting)
    world.clock.now = _noon()
    world.instance = FakeInstance()


def _noon() -> datetime:
    return datetime.combine(datetime.now(UTC), time(12))


def test_sequences_keep_to_the_model(play: Play) -> None:
    assert play(QUICK, STEPS).steps > QUICK


@pytest.mark.parametrize("plant", [name for name in PLANTED if name not in _RARE])
def test_a_planted_fault_is_found(play: Play, plant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTED[plant](monkeypatch)
    with pytest.raises(AssertionError):
        play(60, 20)


@pytest.mark.soak
@pytest.mark.parametrize("plant", _RARE)
def test_a_planted_fault_that_few_sequences_meet_is_found(
    play: Play, plant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    PLANTED[plant](monkeypatch)
    with pytest.raises(AssertionError):
        play(300, LONG)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_many_sequences_keep_to_the_model(play: Play, part: int) -> None:
    played = play(SEQUENCES, LONG, part, FEWEST_STEPS)
    print(f"{SEQUENCES} sequences, {played.steps} comparisons")
