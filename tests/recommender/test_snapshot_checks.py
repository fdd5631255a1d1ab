from dataclasses import replace

import numpy as np

from tests.evaluation.build import snapshot
from threads_pipelines.dataset.snapshot_checks import dangling, outside_window

AS_OF = 1_000_000
EVENTS = [(0, 0, AS_OF), (1, 1, AS_OF - 100)]


def test_the_window_includes_both_of_its_ends_to_the_second() -> None:
    made = snapshot(EVENTS, 2, 2, as_of=AS_OF)
    assert outside_window(made, 100) == 0
    assert outside_window(made, 99) == 1
    assert outside_window(replace(made, as_of=AS_OF - 1), 100) == 1


def test_events_that_refer_to_nothing_are_counted() -> None:
    made = snapshot(EVENTS, 2, 2, as_of=AS_OF)
    assert dangling(made) == 0
    wild = replace(made.interactions, post=np.array([0, 7], np.int32))
    assert dangling(replace(made, interactions=wild)) == 1


def test_an_event_whose_pair_is_not_seen_is_counted() -> None:
    made = snapshot(EVENTS, 2, 2, as_of=AS_OF)
    blind = type(made.seen)((2, 2), dtype=bool)
    assert dangling(replace(made, seen=blind)) == 2
