import numpy as np
import pytest

from threads_pipelines.population.behaviour.marginals import Quantiles
from threads_pipelines.population.presets import PLATFORMS, platform
from threads_pipelines.population.realism import distributions
from threads_pipelines.population.realism import statistics as realism
from threads_pipelines.population.realism.statistics import FeedEvents
from threads_pipelines.population.settings import FeedShape, PopulationSettings
from tools.population_fit import first_shape, fit, simulate

MODEL = PopulationSettings(
    seed=3,
    users=800,
    window_days=10,
    feed=FeedShape(
        reach=1.0,
        gap_hours=Quantiles(p=(0, 0.5, 1), value=(0.01, 2, 60)),
        half_life_hours=Quantiles(p=(0, 0.5, 1), value=(0.1, 8, 100)),
    ),
)


def some_platform() -> FeedEvents:
    """A made-up platform of known shape: 800 users, 250 posts, 6,000 pairs."""
    pairs = 6_000
    like = FeedEvents(np.zeros(pairs, int), np.arange(pairs) % 250, np.full(pairs, 10**9))
    return simulate(MODEL, like)


def test_first_shape_reads_off_what_can_be_read_off() -> None:
    events = some_platform()
    shape = first_shape(events, np.random.default_rng(0))
    gaps = realism.gaps_hours(events)
    assert shape.gap_hours.at(np.array([0.5])) == pytest.approx(np.median(gaps), rel=0.01)
    assert shape.activity.at(np.linspace(0, 1, 2_001)).mean() == pytest.approx(1, abs=0.05)


def test_fit_comes_closer_to_the_platform() -> None:
    events = some_platform()
    goal = realism.samples(events)
    said: list[str] = []
    fitted = fit(events, rounds=6, progress=said.append)
    unfitted = fitted.model_copy(update={"feed": FeedShape()})
    far, near = (
        distributions.distances(realism.samples(simulate(shape, events)), goal)
        for shape in (unfitted, fitted.model_copy(update={"seed": 50}))
    )
    assert said
    assert fitted.users == 800
    assert fitted.window_days == pytest.approx(10, abs=0.2)
    assert sum(near.values()) < sum(far.values()), (near, far)
    assert max(near.values()) < 0.2, near


def test_presets_are_valid_and_known_by_name() -> None:
    assert "fast_feed" in PLATFORMS
    assert platform("fast_feed").window_days == pytest.approx(6.04, abs=0.01)
    with pytest.raises(KeyError, match="fast_feed"):
        platform("unheard-of")


def test_the_fast_feed_has_the_published_statistics() -> None:
    """The numbers of the real data set itself are in benchmarks/population_realism.py."""
    settings = platform("fast_feed")
    pairs = 20_000
    like = FeedEvents(np.zeros(pairs, int), np.arange(pairs) % 1_500, np.full(pairs, 1_285_489_000))
    made = realism.samples(simulate(settings.model_copy(update={"users": 2_600}), like))
    assert np.median(made["gap"]) == pytest.approx(1.03, abs=0.25)
    assert np.std(np.log(np.maximum(made["gap"] * 3600, 1))) == pytest.approx(2.47, abs=0.25)
    assert np.median(made["burstiness"]) == pytest.approx(0.32, abs=0.08)
    assert distributions.gini(made["activity"]) == pytest.approx(0.42, abs=0.05)
    assert distributions.gini(made["popularity"]) == pytest.approx(0.70, abs=0.06)
    assert 1 < np.median(made["half-life"]) < 5
