"""Trust without labels: doubts posts whose audience is hardly more similar than chance.

A post is doubted if the people of its audience have hardly more in common than chance gives, or
have nothing in common except a few posts that all of them acted on (a farm). The chance level is
measured on random groups of the snapshot's accounts, and the usual level on the other posts with an
audience of similar size.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.guard.coherence import Coherence, Histories

LEAST_PEOPLE = 20
"""People of an audience from which on it is judged: fewer move no feed, and say too little."""
FIRST_LOOK, SECOND_LOOK = 64, 512
"""People compared of every audience, and of those that look doubtful."""
_DOUBTFUL = 2.0
"""Ratio of the first look below which there is a second one."""
_GROUPS = 200
"""Random groups of each size that say what chance gives."""
_QUANTILE = 0.995
_MARGIN = 0.03
"""Added to what chance gives."""
_NEIGHBOURS = 40
_LOW = 0.1
"""What is usual: this quantile of the ratio among so many posts of about the same audience."""
_WAY = 0.35
"""How far from chance to what is usual the limit is, on a scale of logarithms."""
_HIGHEST_LIMIT = 1.8
"""No limit is higher, however alike the usual audience is."""
_FARM = 2
"""Siblings from which on a post is judged without them, too."""
MOST_DOUBTED = 0.05
"""Share of the judged posts above which the statistic does not tell anything apart here."""
AUDIENCE_OF_CHANCE = 1.0
"""People that an audience counts as, altogether, where it is no more alike than chance gives."""
CHANCE, FARM = 1, 2
"""Why a post is doubted."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Structure:
    """The result for each post.

    Attributes:
        doubt: (n_posts,) int8, 0: none; ``CHANCE``: the audience is hardly more similar than
            chance; ``FARM``: it is not without the posts that the same people acted on.
        trust: (n_posts,) float32 in (0, 1], what an event on each post counts.
        ratio: (n_posts,) observed over expected similarity, without the siblings in a farm; NaN if
            the post was not judged.
        limit: (n_posts,) ratio below which a post is doubted; NaN if it was not judged.
        judged: Number of judged posts.
        off: Whether so many posts were doubted that all doubts are dropped.
    """

    doubt: NDArray[np.int8]
    trust: NDArray[np.float32]
    ratio: Floats
    limit: Floats
    judged: int
    off: bool


def structure_of(known: Histories, rng: np.random.Generator) -> Structure:
    """Judge every post with an audience of at least ``LEAST_PEOPLE``.

    Args:
        known: Everybody's history.
        rng: Draws the compared people and the random groups.

    Returns:
        The result for each post.
    """
    pairs = known.pairs
    n_posts = len(pairs.post_degree)
    doubt, trust = np.zeros(n_posts, np.int8), np.ones(n_posts, np.float32)
    ratio, limit = np.full((2, n_posts), np.nan)
    posts = np.flatnonzero(pairs.post_degree >= LEAST_PEOPLE)
    first = known.coherence(known.audiences(posts, FIRST_LOOK, rng), posts)
    posts, ratios = posts[first.people >= LEAST_PEOPLE], first.ratio[first.people >= LEAST_PEOPLE]
    if not len(posts):
        return Structure(doubt, trust, ratio, limit, 0, off=False)
    usual = usual_ratio(pairs.post_degree[posts], ratios)
    ratio[posts] = ratios
    siblings = first.sibling_count[first.people >= LEAST_PEOPLE]
    again = (ratios < _DOUBTFUL) | (siblings >= _FARM)
    judged, posts, usual = len(posts), posts[again], usual[again]

    second = known.coherence(known.audiences(posts, SECOND_LOOK, rng), posts)
    bound = chance(known, second.people, rng)
    top = np.maximum(bound, np.minimum(bound ** (1 - _WAY) * usual**_WAY, _HIGHEST_LIMIT))
    farm = (second.sibling_count >= _FARM) & (second.without_siblings < top)
    farm |= _siblings_of(farm, posts, second)
    found = np.where(farm, second.without_siblings, second.ratio)
    doubted = farm | (found < top)
    ratio[posts], limit[posts] = found, top
    doubt[posts] = np.where(doubted, np.where(farm, FARM, CHANCE), 0)
    # From the least trust where chance explains all, to 1 at the limit, in equal ratios.
    least = np.minimum(AUDIENCE_OF_CHANCE / pairs.post_degree[posts], 1)
    way = np.log(np.maximum(found, 1e-9) / bound) / np.maximum(np.log(top / bound), 1e-9)
    way = np.where(farm, 0, np.clip(way, 0, 1))
    trust[posts] = np.where(doubted, least ** (1 - way), 1)
    if (doubt == CHANCE).sum() > max(MOST_DOUBTED * judged, 10):
        doubt, trust = np.zeros_like(doubt), np.ones_like(trust)
        return Structure(doubt, trust, ratio, limit, judged, off=True)
    return Structure(doubt, trust, ratio, limit, judged, off=False)


def _siblings_of(farm: NDArray[np.bool_], posts: NDArray[np.int64], found: Coherence) -> Any:
    """Return the posts most of whose siblings, and at least ``_FARM``, are in a farm; (n,).

    A few genuine people who are very similar can hide a farm on one of its posts, but not on all.
    """
    group, sibling = found.siblings
    place = np.minimum(np.searchsorted(posts, sibling), len(posts) - 1)
    hit = (posts[place] == sibling) & farm[place]
    farmed = np.bincount(group[hit], minlength=len(posts))
    return (farmed >= _FARM) & (2 * farmed > found.sibling_count)


def usual_ratio(people: NDArray[np.int64], ratio: Floats) -> Floats:
    """Compute a low quantile of the ratio among posts with an audience of similar size.

    Args:
        people: (n,) size of each audience.
        ratio: (n,) observed over expected similarity.

    Returns:
        (n,) the quantile.
    """
    order = np.argsort(people, kind="stable")
    width = min(_NEIGHBOURS + 1, len(order))
    windows = np.lib.stride_tricks.sliding_window_view(np.nan_to_num(ratio[order]), width)
    low = np.quantile(windows, _LOW, axis=1)
    first = np.clip(np.arange(len(order)) - width // 2, 0, len(low) - 1)
    found = np.empty(len(order))
    found[order] = low[first]
    return found


def chance(known: Histories, people: NDArray[np.int64], rng: np.random.Generator) -> Floats:
    """Measure the ratio below which random groups of a size stay.

    Args:
        known: The histories.
        people: (n,) sizes.
        rng: Draws the groups.

    Returns:
        (n,) the ratio.
    """
    sizes = np.array([16, 32, 64, 128, 256, 512])
    sizes = sizes[: int(np.searchsorted(sizes, people.max(initial=0))) + 1]
    highest = [
        np.nanquantile(known.coherence(known.random_groups(_GROUPS, size, rng)).ratio, _QUANTILE)
        for size in sizes
    ]
    bound: Floats = np.interp(np.log(np.maximum(people, 1)), np.log(sizes), highest) + _MARGIN
    return bound
