"""The engagement guard on files: it has no lists and no stored trust."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.guard.trust import trust_of
from threads_pipelines.recommender.sparse_rows import NO_VALUES


def trust_of_events(
    snapshot: Snapshot, guard: bool, note: Callable[[str], None]
) -> NDArray[np.float32]:
    """Compute what each event counts.

    Args:
        snapshot: The snapshot of the files.
        guard: Whether the guard is on.
        note: Called with one sentence about the doubted posts.

    Returns:
        (n_events,) float32 in [0, 1]; (0,) without the guard.
    """
    if not guard:
        return NO_VALUES
    trust = trust_of(snapshot)
    doubted = int((trust.post < 1).sum())
    note(f"guard: {doubted:,} of {trust.structure.judged:,} judged posts count less")
    return trust.of_events(snapshot)
