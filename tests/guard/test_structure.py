"""Audiences of chance are doubted, those of people who have something in common are not."""

import numpy as np
import pytest

from tests.guard.communities import communities
from tests.recommender.worlds import world
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.guard.attacks import Attack, inject, targets_of
from threads_pipelines.guard.coherence import Histories
from threads_pipelines.guard.fake_histories import FAMILIES, Family
from threads_pipelines.guard.structure import structure_of
from threads_pipelines.guard.trust import trust_of
from threads_pipelines.recommender.component_settings import EventSettings
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.pairs import pairs_of
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import NO_VALUES

SNAPSHOT = communities()
RNG = 7


def hit_rate(snapshot: Snapshot, targets: tuple[int, ...], trust: np.ndarray, real: int) -> float:
    """Share of real people with one of the targets, the one most shown, in their first ten."""
    rows = fit(snapshot, RecommenderSettings(), trust=trust).recommend(np.arange(real), 10)
    return max(float((rows.post == target).sum()) / real for target in targets)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_bought_audience_is_doubted(family: Family) -> None:
    rng = np.random.default_rng(RNG)
    targets = targets_of(SNAPSHOT, family, rng)
    attack = Attack(family, len(SNAPSHOT.users.ids) // 4, targets)
    structure = trust_of(inject(SNAPSHOT, attack, rng).snapshot).structure
    assert (structure.doubt[list(targets)] > 0).all()
    assert (structure.trust[list(targets)] < 0.01).all()
    assert (structure.doubt > 0).sum() <= len(targets) + 0.05 * structure.judged


@pytest.mark.parametrize("family", ["clone", "bandwagon"])
def test_a_bought_audience_moves_no_feed(family: Family) -> None:
    rng, real = np.random.default_rng(RNG), len(SNAPSHOT.users.ids)
    targets = targets_of(SNAPSHOT, family, rng)
    attacked = inject(SNAPSHOT, Attack(family, real // 4, targets), rng).snapshot
    clean = hit_rate(SNAPSHOT, targets, NO_VALUES, real)
    undefended = hit_rate(attacked, targets, NO_VALUES, real)
    guarded = hit_rate(attacked, targets, trust_of(attacked).of_events(attacked), real)
    assert undefended > clean + 0.05
    assert guarded <= clean


def test_nothing_is_doubted_without_an_attack() -> None:
    structure = structure_of(
        Histories(pairs_of(SNAPSHOT, EventSettings())), np.random.default_rng(RNG)
    )
    assert structure.judged > 100
    assert (structure.doubt > 0).sum() <= 0.01 * structure.judged


def test_where_everybody_acts_at_random_nothing_is_doubted() -> None:
    """The statistic has nothing to tell apart then, and must not put all posts below 1."""
    rng = np.random.default_rng(0)
    events = sorted({(int(u), int(p)) for u, p in rng.integers((300, 60), size=(4000, 2))})
    structure = structure_of(Histories(pairs_of(world(events, 300, 60), EventSettings())), rng)
    assert structure.off
    assert (structure.trust == 1).all()
    assert not structure.doubt.any()


def test_the_likeness_of_a_group_worked_out_by_hand() -> None:
    """Three people, two of whom share two posts; every post has its own weight."""
    snapshot = world([(0, 0), (0, 1), (1, 0), (1, 1), (2, 2), (2, 3)], 3, 4)
    known = Histories(pairs_of(snapshot, EventSettings()))
    group = known.random_groups(1, 1, np.random.default_rng(0))
    group = type(group)(np.ones((1, 3), np.float32))
    heavy, light = np.log(4 / 3), np.log(4 / 2)  # of posts that two and one of three people have
    assert known.idf == pytest.approx([heavy, heavy, light, light], rel=1e-4)
    # Cosine of the first two people is 1, all others 0; each pair counts twice.
    mass = 2 * 2 * np.sqrt(0.5), 2 * np.sqrt(0.5)  # on posts of two people, and of one
    expected = (mass[0] ** 2 / 2 + mass[1] ** 2 / 2) * (1 - 1 / 3)
    assert known.coherence(group).ratio == pytest.approx([2 / expected], rel=1e-4)


def test_the_same_snapshot_gives_the_same_trust() -> None:
    one, other = (trust_of(SNAPSHOT).of_events(SNAPSHOT) for _ in range(2))
    assert one.tobytes() == other.tobytes()
