"""Local search: swaps two encounters' posts while taste and timing fit improve.

The greedy matching of ``meeting`` serves posts one after the other, so the last ones get users with
low affinity. The local search swaps pairs of encounters while the objective grows.
"""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.compiled import compiled
from threads_pipelines.population.behaviour.marginals import Floats

Rows = NDArray[np.int32]
_WORK = 4_000_000  # swaps tried in all: a large platform has little to gain
_MOST = 1000  # tried per encounter


def exchange(
    user: Rows,
    at: Floats,
    slot: NDArray[np.int64],
    slot_post: Rows,
    slot_at: Floats,
    born: Floats,
    grace: Floats,
    stiffness: float,
    author: Rows,
    taste: NDArray[np.float32],
    topic: Rows,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Improve the matching of ``meeting.meet`` by swapping pairs of encounters.

    Swaps keep pairs of user and post unique. No user meets an own post, or a post before its
    creation.

    Args:
        user: (n,) user of each encounter.
        at: (n,) hour of each encounter.
        slot: (n,) arrival that each encounter takes.
        slot_post: (n_arrivals,) post of each arrival.
        slot_at: (n_arrivals,) hour of each arrival.
        born: (n_posts,) hour of creation.
        grace: (n_posts,) hours that are added to both ages before they are compared, above 0.
        stiffness: Weight of the timing error |log(age / wanted age)| against taste.
        author: (n_posts,) row of the author.
        taste: (n_users, n_topics) at most 0, log of the appeal of a topic.
        topic: (n_posts,) topic of each post.
        rng: Source of randomness.

    Returns:
        (n,) the improved arrival of each encounter.
    """
    n = len(user)
    tries = min(_WORK // max(n, 1), _MOST)
    if n < 2 or not tries:
        return slot
    order = np.argsort(user, kind="stable")
    start = np.searchsorted(user[order], np.arange(len(taste) + 1))
    slot = slot.copy()
    _swap(
        user, at, slot, slot_post, slot_at, born, grace, stiffness, author, taste, topic,
        order, start, tries, np.uint64(rng.integers(2**63)),
    )  # fmt: skip
    return slot


@compiled
def _score(at, wanted, born, grace, stiffness):  # type: ignore[no-untyped-def]
    return -stiffness * abs(np.log((at - born + grace) / (wanted - born + grace)))


@compiled
def _swap(  # type: ignore[no-untyped-def]
    user, at, slot, slot_post, slot_at, born, grace, stiffness, author, taste, topic,
    order, start, tries, state,
):  # fmt: skip
    n = len(user)
    for _ in range(tries):
        for i in range(n):
            state = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
            j = np.int64((state >> np.uint64(33)) % np.uint64(n))
            a, b, s, t = user[i], user[j], slot[i], slot[j]
            p, q = slot_post[s], slot_post[t]
            if a == b or p == q or at[i] < born[q] or at[j] < born[p]:
                continue
            if author[q] == a or author[p] == b:
                continue
            gain = taste[a, topic[q]] + taste[b, topic[p]] - taste[a, topic[p]] - taste[b, topic[q]]
            gain += _score(at[i], slot_at[t], born[q], grace[q], stiffness)
            gain += _score(at[j], slot_at[s], born[p], grace[p], stiffness)
            gain -= _score(at[i], slot_at[s], born[p], grace[p], stiffness)
            gain -= _score(at[j], slot_at[t], born[q], grace[q], stiffness)
            if gain <= 0:
                continue
            known = False
            for k in range(start[a], start[a + 1]):
                known |= slot_post[slot[order[k]]] == q
            for k in range(start[b], start[b + 1]):
                known |= slot_post[slot[order[k]]] == p
            if not known:
                slot[i], slot[j] = t, s
