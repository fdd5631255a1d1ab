"""Converts doubts about posts and a person's lists to the weight of each event for other feeds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.guard.coherence import Histories
from threads_pipelines.guard.lists import Lists
from threads_pipelines.guard.structure import Structure, structure_of
from threads_pipelines.recommender.component_settings import EventSettings
from threads_pipelines.recommender.pairs import pairs_of


@dataclass(frozen=True, slots=True)
class Trust:
    """What the guard found in a snapshot.

    Attributes:
        structure: The doubts about posts.
        account: (n_users,) float32 in [0, 1], what the events of each account count.
        post: (n_posts,) float32 in [0, 1], what the events on each post count.
    """

    structure: Structure
    account: NDArray[np.float32]
    post: NDArray[np.float32]

    def of_events(self, snapshot: Snapshot) -> NDArray[np.float32]:
        """Compute the trust of each event.

        Args:
            snapshot: The snapshot that was judged.

        Returns:
            (n_events,) float32 in [0, 1], as ``recommender.fit.fit`` takes it.
        """
        return events_trust(snapshot, self.account, self.post)


def events_trust(
    snapshot: Snapshot, account: NDArray[np.float32], post: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Multiply the trust of each event's account by that of its post.

    Args:
        snapshot: The events.
        account: (n_users,) in [0, 1].
        post: (n_posts,) in [0, 1].

    Returns:
        (n_events,) float32 in [0, 1].
    """
    events = snapshot.interactions
    value: NDArray[np.float32] = post[events.post] * account[events.user]
    return value


def trust_of(
    snapshot: Snapshot,
    *,
    account: NDArray[np.float32] | None = None,
    lists: Lists | None = None,
    seed: int = 0,
) -> Trust:
    """Judge the posts of a snapshot.

    Args:
        snapshot: The snapshot that a model is to be fitted on.
        account: (n_users,) float32 in [0, 1], what accounts count. None: all count in full.
        lists: What a person has decided.
        seed: Seed of the sample of compared people.

    Returns:
        The trust in posts and accounts.
    """
    known = Histories(pairs_of(snapshot, EventSettings()))
    structure = structure_of(known, np.random.default_rng(seed))
    if account is None:
        account = np.ones(len(snapshot.users.ids), np.float32)
    lists = lists or Lists()
    return Trust(
        structure,
        lists.decide(snapshot.users.ids, account),
        lists.decide(snapshot.posts.ids, structure.trust),
    )
