"""Simulated users for trials of the report: how often it finds an uplift, how often it cries wolf.

People differ, and that is the difficulty: how often they come and how readily they click are heavy
tailed and related, so a few people make most of the sessions.
"""

from dataclasses import dataclass

import numpy as np

from threads_pipelines.experiment.assignment import TREATMENT, Groups, draw
from threads_pipelines.experiment.report import conclude
from threads_pipelines.experiment.report_facts import Verdict
from threads_pipelines.experiment.sessions import EVENT_KINDS, ExperimentEvents, sessions
from threads_pipelines.experiment.settings import ReportSettings

_START = 1_767_225_600  # 2026-01-01
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Population:
    """What a simulated user does.

    sessions: mean count per user over all days; spread: standard deviation of its logarithm.
    views: mean count of posts seen in a session.
    click_rate: median chance of a click per view; click_spread: the same of its logarithm.
    relation: correlation of the two logarithms.
    """

    days: int = 7
    sessions: float = 6.0
    spread: float = 1.0
    views: float = 6.0
    click_rate: float = 0.06
    click_spread: float = 0.6
    relation: float = 0.3


def simulate(
    users: int, uplift: float, population: Population, rng: np.random.Generator
) -> tuple[ExperimentEvents, Groups]:
    """Return the events and groups of ``users`` accounts; treatment clicks ``1 + uplift`` as often.

    The groups come from the assignment's own lot.
    """
    prefix = int(rng.integers(2**62))
    groups = draw("trial", [f"{prefix}-{row}" for row in range(users)])
    first, other = rng.standard_normal((2, users))
    related = population.relation * first + np.sqrt(1 - population.relation**2) * other
    # A log-normal of mean 1.
    activity = np.exp(population.spread * first - population.spread**2 / 2)
    chance = population.click_rate * np.exp(population.click_spread * related)
    chance = np.minimum(chance, 0.9 / (1 + uplift)) * np.where(groups == TREATMENT, 1 + uplift, 1)

    visits = rng.poisson(population.sessions * activity)
    visitor = np.repeat(np.arange(users, dtype=np.int32), visits)
    begin = _START + rng.integers(0, population.days * _DAY, len(visitor))
    length = rng.geometric(1 / population.views, len(visitor))
    viewer = np.repeat(visitor, length)
    place = np.arange(len(viewer)) - np.repeat(np.cumsum(length) - length, length)
    at = np.repeat(begin, length) + place * 10
    clicked = rng.random(len(viewer)) < chance[viewer]
    seen = len(viewer)
    clicks = int(clicked.sum())
    kind = np.repeat(
        np.array([EVENT_KINDS.index("view"), EVENT_KINDS.index("click")], np.int8), [seen, clicks]
    )
    return ExperimentEvents(
        user=np.concatenate([viewer, viewer[clicked]]),
        kind=kind,
        at=np.concatenate([at, at[clicked] + 5]),
        from_feed=np.ones(seen + clicks, bool),
        duration_ms=np.concatenate([rng.exponential(4000, seen), np.full(clicks, np.nan)]),
    ), groups


def users_to_enrol(
    pilot: int, population: Population, settings: ReportSettings, rng: np.random.Generator
) -> int:
    """Return how many accounts to enrol for what a pilot without uplift states to be needed.

    The statement counts exposed users per group; some accounts never come.
    """
    events, groups = simulate(pilot, 0.0, population, rng)
    findings = conclude(sessions(events, settings), groups, settings)
    needed = findings.power.users_needed
    if needed is None:
        raise ValueError(f"a pilot of {pilot} accounts shows no clicks: make it larger")
    exposed = (findings.ratio.control + findings.ratio.treatment) / pilot
    return round(2 * needed / exposed)


def trials(
    count: int,
    users: int,
    uplift: float,
    population: Population,
    settings: ReportSettings,
    rng: np.random.Generator,
) -> list[Verdict]:
    """Run ``count`` experiments of ``users`` accounts and return their verdicts."""
    verdicts = []
    for _ in range(count):
        events, groups = simulate(users, uplift, population, rng)
        verdicts.append(conclude(sessions(events, settings), groups, settings).verdict)
    return verdicts
