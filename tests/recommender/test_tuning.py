"""Settings are chosen on held-out interactions, and the seeds' formula is always among them."""

from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from tests.recommender.worlds import random_world, world
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.presets import BASELINES, SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning import tune as tuning
from threads_pipelines.tuning.tune import tune


def communities(timed: bool) -> Snapshot:
    rng = np.random.default_rng(1)
    events = []
    for u in range(60):
        for p in rng.permutation(20)[:8]:
            hours = int(rng.integers(1, 120))
            events.append((u, int(p) + 20 * (u % 3), 3, hours))
    return world(events, 60, 60, timed=timed)


@pytest.mark.parametrize("timed", [True, False])
def test_the_winner_is_at_least_as_good_as_every_named_candidate(timed: bool) -> None:
    report = tune(communities(timed), seed=0)
    by_name = {trial.name: trial for trial in report.trials}
    named = {"default", *SEED_FORMULA, *BASELINES}
    assert named <= by_name.keys()
    assert report.ndcg >= max(by_name[name].ndcg for name in named) - 0.02
    assert report.ndcg > by_name["popularity"].ndcg
    assert report.split == ("time" if timed else "random")
    assert report.users > 0


def test_posts_of_which_nothing_is_known_may_lose_their_places() -> None:
    known = communities(timed=False)
    unknown = replace(known, posts=replace(known.posts, created_at=np.full(60, -1)))
    for snapshot, tried in ((known, False), (unknown, True)):
        names = {trial.name for trial in tune(snapshot, seed=0).trials}
        assert ("feed.fresh_every=0" in names) == tried
        assert "linear no pace" in names


@pytest.mark.parametrize(("margin", "wins"), [(-1e9, True), (1e9, False)])
def test_a_baseline_wins_only_by_its_own_margin(
    monkeypatch: pytest.MonkeyPatch, margin: float, wins: bool
) -> None:
    monkeypatch.setattr(tuning, "BASELINE_MARGIN", margin)
    chosen = tune(communities(timed=True), seed=0).chosen
    assert (chosen in BASELINES.values()) == wins


def test_half_lives_are_tried_as_short_as_the_time_ahead_asks_for() -> None:
    by_hours = tune(communities(timed=True), seed=0)  # a day ahead, of five
    assert "pace_hours" in {trial.name for trial in by_hours.trials}
    events = [
        (u, (3 * u + k) % 30, 3, 487 * (8 * u + k) % 3840) for u in range(80) for k in range(8)
    ]
    slow = world(events, 80, 30, created_hours_ago=[4000.0] * 30)
    by_days = tune(slow, seed=0)  # a fifth of 160 days ahead
    names = {trial.name for trial in by_days.trials}
    assert "pace_days" in names
    assert "pace_hours" not in names
    assert not any(name.endswith("half_life_hours=4.0") for name in names)


def test_tuning_is_deterministic() -> None:
    snapshot = random_world(2, 40, 30, 400)
    assert tune(snapshot, seed=4) == tune(snapshot, seed=4)


def test_nothing_to_hold_out_gives_the_default() -> None:
    for snapshot in (world([], 2, 2), world([(0, 0)], 1, 1)):
        report = tune(snapshot)
        assert report.chosen == RecommenderSettings()
        assert report.users == 0


def test_settings_refuse_what_they_do_not_know() -> None:
    with pytest.raises(ValidationError):
        RecommenderSettings.model_validate({"people_neighbors": 5})
    with pytest.raises(ValidationError):
        RecommenderSettings().changed({"blend.people_share": 1.5})
    for name, group in RecommenderSettings():
        assert RecommenderSettings.model_fields[name].description
        for field in type(group).model_fields.values():
            assert field.description
