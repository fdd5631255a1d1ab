"""The accounts and posts on which a person has decided."""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Ids


@dataclass(frozen=True, slots=True)
class Lists:
    """Ids of accounts and posts on which a person has decided.

    allow: they count in full, whatever the guard finds. block: they count nothing.
    """

    allow: Collection[str] = field(default_factory=frozenset)
    block: Collection[str] = field(default_factory=frozenset)

    def __or__(self, other: "Lists") -> "Lists":
        """Both lists together."""
        return Lists({*self.allow, *other.allow}, {*self.block, *other.block})

    def decide(self, ids: Ids, trust: NDArray[np.float32]) -> NDArray[np.float32]:
        """(n,) the trust of these ids after the lists; the allow-list wins."""
        blocked = np.isin(ids, np.array(list(self.block), object))
        allowed = np.isin(ids, np.array(list(self.allow), object))
        decided: NDArray[np.float32] = np.where(blocked, np.float32(0), trust)
        return np.where(allowed, np.float32(1), decided)
