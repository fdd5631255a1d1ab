"""The report's promise in small; ``benchmarks/experiment_trials.py`` makes the long trial."""

from collections import Counter

import numpy as np
import pytest

from threads_pipelines.experiment.report_facts import Verdict
from threads_pipelines.experiment.settings import ReportSettings
from tools.experiment_trials import Population, simulate, trials, users_to_enrol

POPULATION = Population(days=7, sessions=4, views=4)
# Twice the uplift needs a quarter of the users: many trials in the time of a few.
SETTINGS = ReportSettings(target_uplift=0.2)
SEEDS, TRIALS = (1, 2, 3), 80


@pytest.mark.slow
def test_finds_what_it_says_and_cries_no_wolf() -> None:
    found: Counter[Verdict] = Counter()
    wolves: Counter[Verdict] = Counter()
    for seed in SEEDS:  # each with a pilot and so a sample size of its own
        rng = np.random.default_rng(seed)
        users = users_to_enrol(800, POPULATION, SETTINGS, rng)
        found.update(trials(TRIALS, users, 0.2, POPULATION, SETTINGS, rng))
        wolves.update(trials(TRIALS, users, 0.0, POPULATION, SETTINGS, rng))

    total = len(SEEDS) * TRIALS
    assert found["treatment"] >= 0.74 * total, found
    assert wolves["treatment"] + wolves["control"] <= 0.09 * total, wolves


def test_simulated_people_differ() -> None:
    """A trial on interchangeable users would prove nothing."""
    events, _ = simulate(4000, 0.0, Population(), np.random.default_rng(7))
    views = np.sort(np.bincount(events.user[events.kind == 0], minlength=4000))

    assert views[-400:].sum() > 0.3 * views.sum()


def test_planted_uplift_is_in_the_data() -> None:
    events, groups = simulate(20_000, 0.5, Population(spread=0.3), np.random.default_rng(8))
    clicked = events.kind == 1
    per_view = [
        (clicked & (groups[events.user] == group)).sum()
        / (~clicked & (groups[events.user] == group)).sum()
        for group in (0, 1)
    ]

    assert per_view[1] / per_view[0] == pytest.approx(1.5, rel=0.05)


def test_pilot_without_clicks_is_refused() -> None:
    with pytest.raises(ValueError, match="make it larger"):
        users_to_enrol(20, Population(click_rate=1e-9), SETTINGS, np.random.default_rng(9))
