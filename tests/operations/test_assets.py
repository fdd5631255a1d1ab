"""The look at the services and the judgement of the data, as assets on real parts."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
import numpy as np
import pytest
from dagster._core.execution.api import create_execution_plan
from scipy.sparse import csr_matrix

from threads_pipelines.dataset.read_report import ReadReport
from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Interactions, Posts, Snapshot, Users
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.definitions import defs
from threads_pipelines.defs.assets.matrix import instant_asked_for, interaction_matrix
from threads_pipelines.defs.assets.services import check_services
from threads_pipelines.defs.assets.validation import validate_data
from threads_pipelines.defs.failures import failure_of
from threads_pipelines.defs.ops.maintenance import maintenance
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.health.findings import PARTS
from threads_pipelines.health.validation import QUESTIONS
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.scored import save_scored
from threads_pipelines.storage.s3.snapshots import save_snapshot

DAYS = ("2026-11-20", "2026-11-21", "2026-11-22")


def after(group: str) -> dg.AssetsDefinition:
    """An asset of a group that comes after the look."""

    @dg.asset(group_name=group, deps=[check_services], name="downstream")
    def downstream() -> None:
        """Stand for whatever needs the parts."""

    return downstream


def run(group: str, instance: dg.DagsterInstance) -> dg.ExecuteInProcessResult:
    return dg.materialize([check_services, after(group)], raise_on_error=False, instance=instance)


@pytest.mark.usefixtures("environment")
def test_the_night_does_not_need_the_text_model(instance: dg.DagsterInstance) -> None:
    result = run("recommendation", instance)
    assert result.success
    (made,) = result.asset_materializations_for_node("check_services")
    assert made.metadata["dagster/row_count"].value == len(PARTS)
    assert "text model" in str(made.metadata["parts"].value)


def test_a_part_that_is_needed_and_ill_stops_a_run_before_anything_is_done(
    environment: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    environment.setenv("DATABASE_URL", "postgresql://someone:planted-secret@127.0.0.1:1/app")
    result = run("content", instance)
    assert not result.success
    (failed,) = result.get_step_failure_events()
    said = failure_of(failed)
    assert said.startswith("Stopped before anything was done: database: ")
    assert len(said.splitlines()) == 1
    assert "text model" not in said  # without it the templates write
    assert not result.asset_materializations_for_node("downstream")
    told = [str(event) for event in result.all_events]
    assert not [line for line in told if "planted-secret" in line]


@pytest.mark.parametrize("job", [job.name for job in defs.jobs or ()])
def test_every_step_of_every_job_comes_after_the_look(job: str) -> None:
    direct = create_execution_plan(defs.resolve_job_def(job)).get_all_step_deps()
    (look,) = {"check_services", "check_parts"} & set(direct)

    def before(step: str) -> set[str]:
        return set(direct[step]).union(*(before(other) for other in direct[step]))

    assert not [step for step in direct if step != look and look not in before(step)]


def test_a_job_of_ops_stops_as_well(
    environment: pytest.MonkeyPatch, instance: dg.DagsterInstance
) -> None:
    environment.setenv("DATABASE_URL", "postgresql://someone:secret@127.0.0.1:1/app")
    result = maintenance.execute_in_process(
        instance=instance,
        resources={"database": Database(), "storage": ObjectStorage()},
        raise_on_error=False,
    )
    (failed,) = result.get_step_failure_events()
    assert failed.step_key == "check_parts"
    assert failure_of(failed).startswith("Stopped before anything was done: database: ")


def snapshot(users: int) -> Snapshot:
    """Everybody has viewed the first post and may be recommended the second."""
    ids = np.array([f"u{n:03}" for n in range(users)], object)
    posts = np.array(["p", "q"], object)
    count = np.zeros(users, np.int32)
    at = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    return Snapshot(
        Users(ids, count, np.ones(users, bool)),
        Posts(posts, count[:2], np.full(2, at), posts, np.ones(2, bool), count[:2], count[:2]),
        Interactions(
            np.arange(users, dtype=np.int32), count, count.astype(np.int8), np.full(users, at)
        ),
        csr_matrix((users, 2), dtype=bool),
        as_of=at + 3600,
    )


def store_night(store: ArtefactStore, day: str, night: Snapshot) -> None:
    """Store a version as the night leaves it."""
    users = len(night.users.ids)
    counts: dict[str, Any] = dict.fromkeys(ReadReport.__dataclass_fields__, 0)
    counts |= {"interactions_read": users, "synthetic_included": True}
    facts = VersionFacts(
        as_of=datetime(2026, 11, 20, 2, tzinfo=UTC), look_back_days=30, read=ReadReport(**counts)
    )
    store.create(day, "v1", "2026-11-20T02:00:00", facts)
    save_snapshot(store, day, "v1", night)
    rows = ScoredRows(
        user=np.arange(users, dtype=np.int32),
        post=np.ones(users, np.int32),
        score=np.linspace(0, 1, users),
        rank=np.ones(users, np.int16),
        reason=np.full(users, 2, np.int8),
        evidence=np.ones(users, np.int32),
    )
    save_scored(store, day, "v1", [rows], night.users.ids, night.posts.ids)
    store.set_current(day, "v1")


def test_a_clock_that_is_a_little_behind_refuses_nothing() -> None:
    now = datetime(2026, 11, 23, 2, tzinfo=UTC)
    assert instant_asked_for("2026-11-23T03:05:00+01:00", now) == datetime(
        2026, 11, 23, 2, 5, tzinfo=UTC
    )
    with pytest.raises(ConfigurationError, match="02:05:01 UTC has not come yet"):
        instant_asked_for("2026-11-23T02:05:01", now)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("as_of", "said"),
    [
        ("2126-06-01T02:00:00", "as_of 2126-06-01 02:00:00 UTC has not come yet: it is 20"),
        ("next week", "ValueError: 'next week' is not a time: write one such as 2026-11-23T02:00"),
    ],
)
def test_a_night_reads_up_to_an_instant_that_has_come(
    instance: dg.DagsterInstance, as_of: str, said: str
) -> None:
    result = dg.materialize(
        [interaction_matrix],
        partition_key=DAYS[0],
        instance=instance,
        raise_on_error=False,
        run_config={"ops": {"interaction_matrix": {"config": {"as_of": as_of}}}},
        resources={
            "database": Database(),
            "storage": ObjectStorage(),
            "experiment": Experiment(),
            "audience": Audience(),
        },
    )
    assert not result.success
    (failed,) = result.get_step_failure_events()
    assert failure_of(failed).startswith(said)
    assert ObjectStorage().artefacts().current(DAYS[0]) is None


@pytest.mark.usefixtures("environment")
def test_a_night_is_judged_against_the_ones_before(instance: dg.DagsterInstance) -> None:
    storage = ObjectStorage()
    store = storage.artefacts()
    checks = {}
    for day, users in zip(DAYS, (100, 100, 30), strict=True):
        store_night(store, day, snapshot(users))
        result = dg.materialize(
            [validate_data],
            partition_key=day,
            resources={"storage": storage},
            instance=instance,
            selection=[validate_data],
        )
        assert result.success
        evaluations = result.get_asset_check_evaluations()
        assert {check.check_name for check in evaluations} == set(QUESTIONS)
        checks[day] = {check.check_name: check for check in evaluations if not check.passed}
    assert checks[DAYS[0]] == checks[DAYS[1]] == {}
    assert set(checks[DAYS[2]]) == {"volume"}
    failed = checks[DAYS[2]]["volume"]
    assert failed.severity is dg.AssetCheckSeverity.WARN
    assert "30 interactions, at least 50 expected (2 nights before)" in str(failed.description)
    kept = store.manifest(DAYS[2]).facts.night
    assert kept is not None
    assert kept.interactions == 30
