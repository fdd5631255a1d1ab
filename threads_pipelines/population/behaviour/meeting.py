"""Matches visits of users with arrivals at posts.

The matching is greedy: each arrival takes the best free visit, by distance in time and by affinity
to the topic. The author and users who have met the post are excluded. Visits keep their times, so
the distribution of gaps is exact. Posts with short half-lives are matched first.
"""

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.compiled import compiled
from threads_pipelines.population.behaviour.exchange import exchange
from threads_pipelines.population.behaviour.marginals import Floats

Rows = NDArray[np.int32]
_REACH = 64  # free visits looked at around the wanted time
_STIFF = 1.0  # price of an age that is e times too long or short, against taste

_PATIENCE = 3  # visits by others that one waits for a reader who likes the topic e times more

_AT_ONCE_HOURS = 0.3  # a post that is over within minutes calls its readers together


def meet(
    visitor: Rows,
    visit_at: Floats,
    arrival_post: Rows,
    arrival_at: Floats,
    born: Floats,
    half_life: Floats,
    author: Rows,
    taste: NDArray[np.float32],
    topic: Rows,
    rng: np.random.Generator,
) -> tuple[Rows, Rows, Floats]:
    """Match visits with posts.

    Args:
        visitor: (n_visits,) user of each visit.
        visit_at: (n_visits,) hour of each visit, ascending.
        arrival_post: (n_arrivals,) post of each arrival, grouped by post.
        arrival_at: (n_arrivals,) wanted hour of each arrival.
        born: (n_posts,) hour of creation.
        half_life: (n_posts,) half-life in hours.
        author: (n_posts,) row of the author.
        taste: (n_users, n_topics) at most 0, log of the appeal of a topic.
        topic: (n_posts,) topic of each post.
        rng: Source of randomness.

    Returns:
        User, post and hour (n,) of every visit that meets a post, in no particular order.
    """
    n_posts = len(born)
    counts = np.bincount(arrival_post, minlength=n_posts)
    first = np.cumsum(counts) - counts
    order = np.argsort(half_life, kind="stable")
    met = np.full(len(visitor), -1, np.int64)
    span = visit_at[-1] - visit_at[0] if len(visit_at) else 0.0
    grace = 0.2 * half_life + _PATIENCE * span / max(len(visit_at), 1) + 1e-4
    _choose(
        visitor, visit_at, np.searchsorted(visit_at, arrival_at).astype(np.int64), arrival_at,
        first, counts, order, born, grace, author, taste, topic, met,
    )  # fmt: skip
    used = np.flatnonzero(met >= 0)
    slot = exchange(
        visitor[used], visit_at[used], met[used], arrival_post, arrival_at, born, grace, _STIFF,
        author, taste, topic, rng,
    )  # fmt: skip
    post, at, wanted = arrival_post[slot], visit_at[used], arrival_at[slot]
    together = (half_life[post] < _AT_ONCE_HOURS) & (np.abs(wanted - at) < _AT_ONCE_HOURS)
    return visitor[used], post, np.where(together, wanted, at)


@compiled
def _choose(  # type: ignore[no-untyped-def]
    visitor, visit_at, place, arrival_at, first, counts, order, born, grace, author, taste,
    topic, met,
):  # fmt: skip
    n = len(visitor)
    # Free visits as a doubly linked list; jump leads a taken visit to a free one after it.
    after = np.arange(1, n + 2)
    before = np.arange(-1, n + 1)
    jump = np.arange(n + 1)
    seen_by = np.full(len(taste), -1, np.int64)
    for post in order:
        seen_by[author[post]] = post
        likes = topic[post]
        for slot in range(first[post], first[post] + counts[post]):
            wanted = np.log(arrival_at[slot] - born[post] + grace[post])
            start = place[slot]
            while jump[start] != start:
                jump[start] = jump[jump[start]]
                start = jump[start]
            best, best_score = -1, -np.inf
            right, left = start, before[start]
            later, earlier = -np.inf, -np.inf
            looked = 0
            # Further than _REACH only while there is nobody at all.
            while looked < _REACH or best < 0:
                if later == -np.inf and right < n:
                    later = -_STIFF * (np.log(visit_at[right] - born[post] + grace[post]) - wanted)
                if earlier == -np.inf and left >= 0 and visit_at[left] >= born[post]:
                    earlier = -_STIFF * (wanted - np.log(visit_at[left] - born[post] + grace[post]))
                if max(later, earlier) <= best_score:
                    break
                if later >= earlier:
                    here, score = right, later
                    right, later = after[right], -np.inf
                else:
                    here, score = left, earlier
                    left, earlier = before[left], -np.inf
                looked += 1
                who = visitor[here]
                if seen_by[who] == post:
                    continue
                score += taste[who, likes]
                if score > best_score:
                    best, best_score = here, score
            if best < 0:
                break  # nobody is left for this post
            met[best] = slot
            seen_by[visitor[best]] = post
            jump[best] = after[best]
            if before[best] >= 0:
                after[before[best]] = after[best]
            before[after[best]] = before[best]
