"""Events become pairs, the latest first, whatever order they were read in."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recommender.worlds import world
from threads_pipelines.dataset.snapshot import Interactions, Snapshot
from threads_pipelines.recommender.component_settings import EventSettings
from threads_pipelines.recommender.pairs import Pairs, pairs_of

CAPPED = EventSettings(exact_reads=1, history_cap=3)


def shuffled(snapshot: Snapshot, order: list[int]) -> Snapshot:
    e = snapshot.interactions
    events = Interactions(e.user[order], e.post[order], e.kind[order], e.at[order])
    return replace(snapshot, interactions=events)


def equal(one: Pairs, other: Pairs) -> bool:
    return all(
        np.array_equal(getattr(one, each.name), getattr(other, each.name)) for each in fields(Pairs)
    )


@pytest.mark.parametrize("timed", [True, False])
@given(st.permutations(range(60)))
@settings(max_examples=20)
def test_the_order_of_the_events_does_not_matter(timed: bool, order: list[int]) -> None:
    events = [(i % 4, i * i % 7, 2 * (i % 3 == 0), i % 5) for i in range(60)]
    snapshot = world(events, 4, 7, timed=timed)
    for chosen in (EventSettings(), CAPPED):
        assert equal(pairs_of(snapshot, chosen), pairs_of(shuffled(snapshot, order), chosen))


def test_the_latest_come_first() -> None:
    events = [(0, post, 3, hours) for post, hours in ((4, 9), (1, 2), (3, 5), (1, 7), (0, 1))]
    pairs = pairs_of(world(events, 1, 5), CAPPED)
    assert pairs.user_post.tolist() == [0, 1, 3]
    assert pairs.user_age.tolist() == [1, 2, 5]


def test_where_times_tie_no_post_comes_first_for_everybody() -> None:
    snapshot = world([(u, p) for u in range(64) for p in range(8)], 64, 8)
    pairs = pairs_of(snapshot, EventSettings())
    first = pairs.user_post[pairs.user_start[:-1]]
    assert np.bincount(first, minlength=8).min() > 0
