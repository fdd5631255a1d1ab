"""Attacks are injected into a copy: real accounts and their events stay as they are."""

from dataclasses import replace

import numpy as np
import pytest

from tests.guard.communities import communities
from threads_pipelines.dataset.snapshot_checks import misfitting
from threads_pipelines.guard.attacks import Attack, inject, targets_of
from threads_pipelines.guard.fake_histories import FAMILIES, Family

DAY = 86_400


@pytest.mark.parametrize("family", FAMILIES)
def test_an_attack_adds_accounts_that_push_the_target_and_changes_nothing_else(
    family: Family,
) -> None:
    snapshot = communities()
    rng = np.random.default_rng(1)
    targets = targets_of(snapshot, family, rng)
    attacked = inject(snapshot, Attack(family, 30, targets), rng)
    events, before = attacked.snapshot.interactions, snapshot.interactions
    assert misfitting(attacked.snapshot) is None
    assert attacked.fake.sum() == 30
    assert not attacked.fake[: len(snapshot.users.ids)].any()
    assert np.array_equal(attacked.snapshot.users.ids[:-30], snapshot.users.ids)
    assert sorted(attacked.snapshot.users.ids) == attacked.snapshot.users.ids.tolist()
    for name in ("user", "post", "kind", "at"):
        assert np.array_equal(getattr(events, name)[: len(before)], getattr(before, name))
    for fake in np.flatnonzero(attacked.fake):
        mine = events.user == fake
        assert set(targets) <= set(events.post[mine].tolist())
        assert attacked.snapshot.seen[fake].indices.tolist() == sorted(set(events.post[mine]))
    assert events.at.max() <= snapshot.as_of


def test_targets_are_acted_on_in_the_last_day_but_by_a_slow_drip() -> None:
    snapshot = communities()
    ages = {}
    families: tuple[Family, ...] = ("clone", "slow_drip")
    for family in families:
        rng = np.random.default_rng(2)
        (target,) = targets_of(snapshot, family, rng)
        events = inject(snapshot, Attack(family, 50, (target,)), rng).snapshot.interactions
        pushing = (events.user >= len(snapshot.users.ids)) & (events.post == target)
        ages[family] = (snapshot.as_of - events.at[pushing]).max()
    assert ages["clone"] <= DAY < ages["slow_drip"]


def test_a_clone_has_somebody_elses_history() -> None:
    snapshot = communities()
    attacked = inject(snapshot, Attack("clone", 5, (0,)), np.random.default_rng(3)).snapshot
    sets = [set(row.indices.tolist()) for row in attacked.seen]
    for fake in sets[-5:]:
        assert any(fake - {0} == real - {0} for real in sets[:-5])


def test_a_like_farm_pushes_posts_of_one_author_where_authors_are_known() -> None:
    snapshot = communities()
    author = np.arange(len(snapshot.posts.ids), dtype=np.int32) // 10
    known = replace(snapshot, posts=replace(snapshot.posts, author=author))
    targets = targets_of(known, "like_farm", np.random.default_rng(4))
    assert len(targets) == len(set(targets)) > 1
    assert len({author[post] for post in targets}) == 1


def test_an_unpopular_target_has_few_events() -> None:
    snapshot = communities()
    count = np.bincount(snapshot.interactions.post, minlength=len(snapshot.posts.ids))
    for seed in range(20):
        (target,) = targets_of(snapshot, "clone", np.random.default_rng(seed))
        assert 1 <= count[target] <= np.median(count[count > 0])
