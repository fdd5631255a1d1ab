"""Which settings a night is made with: chosen, judged and published on different days."""

from datetime import UTC, datetime

import dagster as dg
import numpy as np
import pytest

from tests.defs.conftest import TODAY, World, days_ago
from tests.recommender.worlds import AS_OF
from tests.recommender.worlds import world as snapshot_of
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.defs.assets.evaluation import model_evaluation
from threads_pipelines.defs.assets.tuning import FOLDER, latest_winner, tuned_settings
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.evaluation.split import DAY
from threads_pipelines.recommender.component_settings import NewcomerSettings
from threads_pipelines.recommender.presets import BASELINES, PACES
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.storage.s3.registry import activate, register
from threads_pipelines.storage.s3.snapshots import save_snapshot
from threads_pipelines.storage.s3.versions.registered import Entry

CUT = AS_OF - DAY
ONE, OTHER = PACES["pace_weeks"], PACES["pace_months"]
LEAST_POPULAR = BASELINES["popularity"].changed({"popularity.exponent": -1.0})


def night_of(world: World, snapshot: Snapshot, version: str = "v") -> None:
    """What ``interaction_matrix`` leaves behind for today."""
    facts = VersionFacts(as_of=datetime.fromtimestamp(snapshot.as_of, UTC), look_back_days=30)
    world.artefacts.create(TODAY, version, "2026-01-01T02:00:00+00:00", facts)
    save_snapshot(world.artefacts, TODAY, version, snapshot)
    world.artefacts.set_current(TODAY, version)


def made(world: World, asset: dg.AssetsDefinition) -> dg.ExecuteInProcessResult:
    return dg.materialize(
        [asset],
        partition_key=TODAY,
        instance=world.instance,
        resources={"storage": ObjectStorage()},
    )


def win(world: World, day: str, settings: RecommenderSettings, until: int | None) -> None:
    kept = {"settings": settings.model_dump(mode="json")}
    world.store.put_json(f"{FOLDER}{day}.json", kept if until is None else {**kept, "until": until})


def events_of(seed: int, count: int, hours: tuple[int, int]) -> list[tuple[int, int, int, int]]:
    """Events of 60 users on 40 posts at random, so many hours ago."""
    rng = np.random.default_rng(seed)
    drawn = (rng.integers(top, size=count) for top in (60, 40, 4))
    return [
        (int(u), int(p), int(k), int(h))
        for u, p, k, h in zip(*drawn, rng.integers(*hours, count), strict=True)
    ]


def test_the_search_sees_nothing_of_the_judged_day(world: World) -> None:
    before, winners = events_of(1, 1500, (24, 200)), []
    for version, seed in (("one", 2), ("other", 3)):
        night_of(world, snapshot_of(before + events_of(seed, 500, (0, 24)), 60, 40), version)
        made(world, tuned_settings)
        winners.append(world.store.get_json(f"{FOLDER}{TODAY}.json"))
        assert winners[-1]["until"] == CUT
    assert winners[0] == {**winners[1], "version": "one"}
    chosen = RecommenderSettings.model_validate(winners[0]["settings"])
    assert latest_winner(world.store, TODAY, CUT) == chosen, "one run tunes and publishes"


def test_where_no_day_is_judged_the_search_sees_all(world: World) -> None:
    night_of(world, snapshot_of(events_of(4, 400, (0, 23)), 60, 40))
    made(world, tuned_settings)
    assert world.store.get_json(f"{FOLDER}{TODAY}.json")["until"] == AS_OF
    evaluated = made(world, model_evaluation)
    for check in evaluated.get_asset_check_evaluations():
        assert "Not judged" in str(check.description)
    assert world.artefacts.manifest(TODAY).facts.settings == latest_winner(
        world.store, TODAY, AS_OF
    ).model_dump(mode="json")


def test_the_latest_winner_that_saw_no_more_than_the_night_may(world: World) -> None:
    assert latest_winner(world.store, TODAY, CUT) == PACES["pace_days"]
    win(world, days_ago(8), ONE, CUT - 7 * DAY)
    win(world, days_ago(1), OTHER, CUT)
    win(world, TODAY, RecommenderSettings(), CUT + 1)
    assert latest_winner(world.store, TODAY, CUT + 1) == RecommenderSettings()
    assert latest_winner(world.store, TODAY, CUT) == OTHER
    assert latest_winner(world.store, TODAY, CUT - 1) == ONE
    assert latest_winner(world.store, days_ago(2), CUT + 1) == ONE, "no later day's"
    win(world, TODAY, RecommenderSettings(), None)
    assert latest_winner(world.store, TODAY, CUT) == OTHER


@pytest.mark.parametrize("events", [[], [(0, 0, 1, 30), (1, 1, 1, 2)]])
def test_a_search_without_anything_to_compare_on_keeps_the_winner_before(
    world: World, events: list[tuple[int, int, int, int]]
) -> None:
    win(world, days_ago(1), ONE, CUT)
    night_of(world, snapshot_of(events, 2, 2))
    result = made(world, tuned_settings)
    (found,) = result.asset_materializations_for_node("tuned_settings")
    assert "those before stay" in str(found.metadata["state"].value)
    assert latest_winner(world.store, TODAY, CUT) == ONE


def popular_world() -> Snapshot:
    """Everybody goes on with the posts that many others acted on."""
    rng = np.random.default_rng(3)
    weight = 1 / np.arange(1, 61)
    events = []
    for user in range(120):
        posts = rng.choice(60, 16, replace=False, p=weight / weight.sum())
        hours = [*rng.integers(25, 100, 10), *rng.integers(1, 23, 6)]
        events += [(user, int(p), 1, int(h)) for p, h in zip(posts, hours, strict=True)]
    return snapshot_of(events, 120, 60)


def test_the_gate_publishes_no_settings_that_are_worse_than_trending(world: World) -> None:
    win(world, TODAY, LEAST_POPULAR, CUT)
    night_of(world, popular_world())

    def judged() -> tuple[bool, VersionFacts]:
        checks = made(world, model_evaluation).get_asset_check_evaluations()
        check = next(check for check in checks if check.check_name == "gate")
        return check.passed, world.artefacts.manifest(TODAY).facts

    passed, facts = judged()
    assert not passed
    assert facts.settings_source == "trending"
    assert facts.settings == BASELINES["recent_popularity"].model_dump(mode="json")
    assert facts.judgement is not None
    assert facts.judgement.gate == "fail"

    active = Entry(days_ago(1), "before", "", config=ONE.model_dump(mode="json"))
    register(world.store, active)
    activate(world.store, "before")
    passed, facts = judged()
    assert (passed, facts.settings_source) == (False, "the last active")
    assert facts.settings == active.config

    # The winner that saw the judged day is no candidate; the daily pace is, and passes.
    win(world, TODAY, LEAST_POPULAR, CUT + 1)
    passed, facts = judged()
    assert (passed, facts.settings_source) == (True, "tonight's")
    assert facts.settings == PACES["pace_days"].model_dump(mode="json")


def old_and_new(cold_like_the_old: bool) -> Snapshot:
    """Known people move on to new posts; each hour of the last day brings new people."""
    rng = np.random.default_rng(5)
    events = []
    for hour in range(96):
        events += [(int(u), 1 + hour // 3, 3, 96 - hour) for u in rng.choice(40, 4, replace=False)]
    newcomers = range(40, 280)
    for user in newcomers:
        before = user < 160
        post = 0 if before or cold_like_the_old else 25
        events.append((user, post, 3, 80 if before else 5))
    return snapshot_of(events, 280, 40)


@pytest.mark.parametrize("worse_off", [True, False])
def test_newcomers_who_are_worse_off_get_popularity_for_the_night(
    world: World, worse_off: bool
) -> None:
    quick = PACES["pace_hours"].changed({"newcomers.half_life_hours": 1.0, "newcomers.share": 0.1})
    win(world, TODAY, quick, CUT)
    night_of(world, old_and_new(worse_off))
    config = {"ops": {"model_evaluation": {"config": {"min_events": 50}}}}
    result = dg.materialize(
        [model_evaluation],
        partition_key=TODAY,
        instance=world.instance,
        resources={"storage": ObjectStorage()},
        run_config=config,
    )
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    facts = world.artefacts.manifest(TODAY).facts
    assert result.success, "the night is published either way"
    assert checks["gate"].passed
    assert checks["newcomers"].passed != worse_off
    assert checks["newcomers"].severity == dg.AssetCheckSeverity.WARN
    published = RecommenderSettings.model_validate(facts.settings)
    if worse_off:
        assert published == quick.model_copy(update={"newcomers": NewcomerSettings()})
        assert "worse than popularity" in str(checks["newcomers"].description)
    else:
        assert published == quick
    assert facts.judgement is not None
    numbers = facts.judgement.numbers
    assert {"ndcg@10 cold", "popularity ndcg@10 cold"} <= numbers.keys()
    assert (numbers["ndcg@10 cold"] < numbers["popularity ndcg@10 cold"]) == worse_off
