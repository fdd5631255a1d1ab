"""The engagement guard for files: no lists, no stored trust, one line for the person."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.guard.trust import trust_of
from threads_pipelines.recommender.sparse_rows import NO_VALUES


def trust_of_events(
    snapshot: Snapshot, guard: bool, note: Callable[[str], None]
) -> NDArray[np.float32]:
    """(n_events,) what each event counts; (0,) without the guard. note is told of the doubts."""
    if not guard:
        return NO_VALUES
    trust = trust_of(snapshot)
    doubted = int((trust.post < 1).sum())
    note(f"guard: {doubted:,} of {trust.structure.judged:,} judged posts count less")
    return trust.of_events(snapshot)
