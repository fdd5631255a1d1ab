"""Converts doubts about posts and accounts to the weight of each event for other people's feeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.guard.structure import Structure, structure_of
from threads_pipelines.recommender.component_settings import EventSettings
from threads_pipelines.recommender.pairs import pairs_of


@dataclass(frozen=True, slots=True)
class Trust:
    """What the guard found in a snapshot.

    Attributes:
        structure: The doubts about posts.
        account: (n_users,) float32 in [0, 1], what the events of each account count.
    """

    structure: Structure
    account: NDArray[np.float32]

    def of_events(self, snapshot: Snapshot) -> NDArray[np.float32]:
        """Compute the trust of each event.

        Args:
            snapshot: The snapshot that was judged.

        Returns:
            (n_events,) float32 in [0, 1], as ``recommender.fit.fit`` takes it.
        """
        events = snapshot.interactions
        value: NDArray[np.float32] = self.structure.trust[events.post] * self.account[events.user]
        return value


def trust_of(
    snapshot: Snapshot, account: NDArray[np.float32] | None = None, seed: int = 0
) -> Trust:
    """Judge the posts of a snapshot.

    Args:
        snapshot: The snapshot that a model is to be fitted on.
        account: (n_users,) float32 in [0, 1], the result of the classifiers. None: all are trusted.
        seed: Seed of the sample of compared people.

    Returns:
        The trust in posts and accounts.
    """
    pairs = pairs_of(snapshot, EventSettings())
    structure = structure_of(pairs, np.random.default_rng(seed))
    if account is None:
        account = np.ones(len(snapshot.users.ids), np.float32)
    return Trust(structure, account)
