"""The accounts and posts that a person has decided about."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Ids


@dataclass(frozen=True, slots=True)
class Lists:
    """Ids of accounts and posts that a person has decided about.

    Attributes:
        allow: They count in full, whatever the guard finds.
        block: They do not count.
    """

    allow: Collection[str] = field(default_factory=frozenset)
    block: Collection[str] = field(default_factory=frozenset)

    def __or__(self, other: "Lists") -> "Lists":
        """Merge both lists."""
        return Lists({*self.allow, *other.allow}, {*self.block, *other.block})

    def decide(self, ids: Ids, trust: NDArray[np.float32]) -> NDArray[np.float32]:
        """Apply the lists to the trust of accounts or posts. If an id is on both, it is allowed.

        Args:
            ids: (n,) ids.
            trust: (n,) float32 in [0, 1].

        Returns:
            (n,) float32 in [0, 1].
        """
        blocked = np.isin(ids, np.array(list(self.block), object))
        allowed = np.isin(ids, np.array(list(self.allow), object))
        decided: NDArray[np.float32] = np.where(blocked, np.float32(0), trust)
        return np.where(allowed, np.float32(1), decided)
