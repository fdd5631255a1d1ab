"""A run works on its own version from its first step to its last, whatever other runs do."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import dagster as dg
import pytest

from tests.defs.conftest import NOW, SMALL, TODAY, World
from tests.operations.build import store_version
from threads_pipelines.defs.assets import evaluation, matrix, model, publish, validation
from threads_pipelines.defs.failures import failure_of
from threads_pipelines.defs.ops.rollback import dry_run
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.defs.run_version import VERSION_TAG
from threads_pipelines.recommender.model import recommend_chunks
from threads_pipelines.runner.launch import launch
from threads_pipelines.shards import ranking
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.scored import scored_files

NIGHT = [
    *(matrix.interaction_matrix, evaluation.model_evaluation, model.knn_model),
    *(model.recommendations, publish.user_recommendation, validation.validate_data),
]
RESOURCES = {
    "database": Database(),
    "storage": ObjectStorage(),
    "audience": Audience(),
    "experiment": Experiment(),
}
FEW = {**SMALL, "users": 12, "posts": 30, "interactions": 240}


@pytest.fixture
def people(world: World) -> World:
    """A world with a few people in it."""
    world.run("generate_synthetic_data", resources={"synthetic": {"config": FEW}})
    return world


def night(
    world: World, minutes_ago: int, *assets: dg.AssetsDefinition, storage: Any = None
) -> dg.ExecuteInProcessResult:
    """Run steps of the night, read as of so many minutes ago where it reads."""
    as_of = (NOW - timedelta(minutes=minutes_ago)).isoformat()
    reads = matrix.interaction_matrix in (assets or NIGHT)
    return dg.materialize(
        [*NIGHT],
        selection=list(assets or NIGHT),
        partition_key=TODAY,
        instance=world.instance,
        resources={**RESOURCES, "storage": storage or ObjectStorage()},
        run_config={"ops": {"interaction_matrix": {"config": {"as_of": as_of}}}} if reads else {},
        raise_on_error=False,
    )


def version_of(world: World, run_id: str) -> str:
    run = world.instance.get_run_by_id(run_id)
    assert run is not None
    return run.tags[VERSION_TAG]


class Contested(ObjectStorage):
    """Storage of a run beside which another run of the day begins anew before every step."""

    def artefacts(self) -> ArtefactStore:
        """Return the versions, the partition's pointer on the other run's."""
        store = super().artefacts()
        store.set_current(TODAY, "rival")
        return store


def test_two_runs_of_one_day_keep_their_own_versions(people: World) -> None:
    (user,), (post,) = (people.query(f'SELECT min(id) FROM "{t}"')[0] for t in ("user", "post"))
    unchecked = [(user, post, 0.5)]
    store_version(people.artefacts, TODAY, "rival", NOW, unchecked, checked=False)

    ours = night(people, 2, storage=Contested())

    assert ours.success
    version = version_of(people, ours.run_id)
    assert people.artefacts.current(TODAY) == "rival"
    made = {
        event.step_key: event.step_materialization_data.materialization.metadata["version"].value
        for event in ours.all_events
        if event.is_step_materialization
    }
    assert made == {asset.key.path[-1]: version for asset in NIGHT}
    active = read_registry(people.store).active
    assert active is not None
    assert active.version == version
    assert [e.version for e in read_registry(people.store).entries] == [version]
    assert people.artefacts.manifest(TODAY, version).facts.night is not None


def test_rows_that_failed_their_checks_are_never_published(
    people: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert night(people, 3).success
    served, before = read_registry(people.store), people.feeds()

    def repeated(*given: Any, **named: Any) -> Any:
        """Rank, and let the first user's feed hold one post twice."""
        chunks = list(recommend_chunks(*given, **named))
        chunks[0].post[1] = chunks[0].post[0]
        return iter(chunks)

    monkeypatch.setattr(ranking, "recommend_chunks", repeated)
    failed = night(people, 2)
    assert not failed.success
    bad = version_of(people, failed.run_id)
    assert scored_files(people.artefacts.manifest(TODAY, bad))
    assert read_registry(people.store) == served, "it is not registered"

    # A later run of the last step alone takes up the day's current version, which is the bad one.
    alone = night(people, 0, publish.user_recommendation)
    assert not alone.success
    (event,) = alone.get_step_failure_events()
    assert failure_of(event) == (
        f"version {bad} of {TODAY} did not pass its checks, so it cannot be published: "
        f"run nightly_recommendations for {TODAY} again"
    )
    assert people.feeds() == before
    told = dry_run.execute_in_process(instance=people.instance, resources=RESOURCES)
    (observed,) = told.asset_observations_for_node("compare_with_table")
    assert served.active is not None
    assert observed.metadata["version"].value == served.active.version


def test_a_run_that_continues_another_takes_over_its_version(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_given: Any, **_named: Any) -> Any:
        """Fail where the rows are ranked."""
        raise ValueError("interrupted")

    config: dict[str, object] = {"resources": {"synthetic": {"config": FEW}}}
    with dg.instance_for_test() as instance:
        stored = replace(world, instance=instance)
        with monkeypatch.context() as patch:
            patch.setattr(ranking, "recommend_chunks", interrupted)
            assert launch(instance, "full_pipeline", run_config=config) == 1
        (failed,) = instance.get_runs(dg.RunsFilter(job_name="full_pipeline"))
        rival = night(stored, 0, *NIGHT[:1])
        assert world.artefacts.current(TODAY) == version_of(stored, rival.run_id)

        assert launch(instance, "", retry_of=failed.run_id) == 0
        active = read_registry(world.store).active
        assert active is not None
        assert active.version == version_of(stored, failed.run_id)
