"""The similarity of a post's audience, compared with people drawn at random.

People who choose a post have more in common than popularity explains: they follow the same accounts
or read at the same hours. The histories of paid accounts are invented, or copied from all over the
app, so such accounts are no more similar than chance. The statistic needs no labels and does not
depend on how the histories were made.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.recommender.pairs import Pairs

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_POSTS = 100
"""Latest posts of a history that are compared."""
SIBLING = 0.5
"""Jaccard index of two audiences from which on their posts count as siblings."""
_LEAST_HISTORY = 2
"""Posts in a history from which on it can be compared with others."""
_BLOCK = 512
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Coherence:
    """Similarity inside groups of people: observed over expected cosine of pairs.

    Attributes:
        people: (n,) number of compared people.
        ratio: (n,) observed over expected, without the group's own post; NaN if nothing is
            expected.
        without_siblings: (n,) the same without siblings: posts with nearly the same audience.
        siblings: (2, m) pairs of a group and a post.
    """

    people: NDArray[np.int64]
    ratio: Floats
    without_siblings: Floats
    siblings: NDArray[np.int64]

    @property
    def sibling_count(self) -> NDArray[np.int64]:
        """(n,) siblings of each group's post."""
        return np.bincount(self.siblings[0], minlength=len(self.people))


class Histories:
    """The histories of all users as unit rows of IDF weights, and their expected similarity.

    The expectation keeps how much of a group's mass is on posts of each popularity (in powers of
    two). Within such a stratum, posts are drawn in proportion to their share of all mass.

    Args:
        pairs: All user-post pairs.
    """

    def __init__(self, pairs: Pairs) -> None:
        from scipy.sparse import csr_matrix

        self.pairs = pairs
        n_users, n_posts = len(pairs.user_degree), len(pairs.post_degree)
        length = np.minimum(pairs.user_degree, MOST_POSTS)
        begin = np.concatenate(([0], np.cumsum(length)))
        place = np.arange(begin[-1]) + np.repeat(pairs.user_start[:-1] - begin[:-1], length)
        post = pairs.user_post[place]
        self.degree = np.bincount(post, minlength=n_posts)
        self.idf = np.log((n_users + 1) / (self.degree + 1.0)) + 1e-6
        row = np.repeat(np.arange(n_users), length)
        norm = np.sqrt(np.bincount(row, self.idf[post] ** 2, n_users))
        self.scale = 1 / np.maximum(norm, 1e-12)
        value = self.idf[post] * self.scale[row]
        self.unit = csr_matrix((value.astype(np.float32), post, begin), (n_users, n_posts))
        self.square = csr_matrix(((value**2).astype(np.float32), post, begin), self.unit.shape)
        self.stratum = np.floor(np.log2(np.maximum(self.degree, 1))).astype(np.int64)
        mass = np.bincount(post, value, n_posts)
        total = np.bincount(self.stratum, mass)
        share = mass / np.maximum(total[self.stratum], 1e-12)
        self.spread: Floats = np.bincount(self.stratum, share**2).astype(np.float64)
        self.comparable = pairs.user_degree >= _LEAST_HISTORY

    def audiences(
        self, posts: NDArray[np.int64], people: int, rng: np.random.Generator
    ) -> "csr_matrix":
        """Select people who acted on each post.

        Args:
            posts: (n,) rows of posts.
            people: Most people for each post; more are sampled.
            rng: Source of randomness.

        Returns:
            (n, n_users) CSR of ones.
        """
        pairs = self.pairs
        degree = pairs.post_degree[posts]
        drawn = rng.random((len(posts), people)) * degree[:, None]
        every = np.broadcast_to(np.arange(people), drawn.shape)
        offset = np.where(degree[:, None] > people, drawn.astype(np.int64), every)
        group, column = np.nonzero(offset < degree[:, None])
        user = pairs.post_user[pairs.post_start[posts[group]] + offset[group, column]]
        return self._groups(group, user, len(posts))

    def random_groups(self, count: int, size: int, rng: np.random.Generator) -> "csr_matrix":
        """Draw groups of people with a history.

        Args:
            count: Number of groups.
            size: People in a group.
            rng: Source of randomness.

        Returns:
            (count, n_users) CSR of ones.
        """
        able = np.flatnonzero(self.comparable)
        user = rng.choice(able, (count, size)).ravel() if len(able) else np.zeros(0, np.int64)
        return self._groups(np.repeat(np.arange(count), len(user) // max(count, 1)), user, count)

    def _groups(
        self, group: NDArray[np.int64], user: NDArray[np.integer], count: int
    ) -> "csr_matrix":
        from scipy.sparse import csr_matrix

        keep = self.comparable[user]
        ones = np.ones(int(keep.sum()), np.float32)
        made = csr_matrix((ones, (group[keep], user[keep])), (count, len(self.comparable)))
        made.data[:] = 1  # somebody drawn twice counts once
        return made

    def coherence(self, groups: "csr_matrix", posts: NDArray[np.int64] | None = None) -> Coherence:
        """Compare the people of each group.

        Args:
            groups: (n, n_users) CSR of ones.
            posts: (n,) the post whose audience a group is, which is left out. None: groups without
                a post.

        Returns:
            The similarity of each group.
        """
        from scipy.sparse import csr_matrix

        n, n_strata, n_posts = groups.shape[0], len(self.spread), len(self.idf)
        people = np.diff(groups.indptr).astype(np.int64)
        by_stratum = csr_matrix(
            (np.ones(n_posts, np.float32), self.stratum, np.arange(n_posts + 1)),
            (n_posts, n_strata),
        )
        ratio, without = np.full((2, n), np.nan)
        siblings = [np.zeros((2, 0), np.int64)]
        for low in range(0, n, _BLOCK):
            part = slice(low, min(low + _BLOCK, n))
            chosen, size = groups[part], people[part]
            mass, square = (chosen @ self.unit).tocsr(), (chosen @ self.square).tocsr()
            mass.sort_indices()
            square.sort_indices()
            row = np.repeat(np.arange(len(size)), np.diff(mass.indptr))
            post, value = mass.indices, mass.data.astype(np.float64)
            alike = value**2 - square.data
            by = (mass @ by_stratum).toarray().astype(np.float64)
            pairs = 1 - 1 / np.maximum(size, 2)  # of a square, the part that is of different people
            if posts is not None:
                own = posts[part]
                mine = post == own[row]
                alike[mine] = 0
                by[row[mine], self.stratum[post[mine]]] -= value[mine]
            ratio[part] = _ratio(row, alike, by, self.spread, pairs)
            if posts is not None:
                common = value / self.idf[post] / (chosen @ self.scale)[row]
                n_own, n_other = self.pairs.post_degree[own[row]], self.pairs.post_degree[post]
                both = np.minimum(common, 1) * n_own
                same = (both > SIBLING * (n_own + n_other - both)) & ~mine
                siblings.append(np.array((row[same] + low, post[same])))
                alike[same] = 0
                np.subtract.at(by, (row[same], self.stratum[post[same]]), value[same])
                without[part] = _ratio(row, alike, by, self.spread, pairs)
        return Coherence(people, ratio, without, np.concatenate(siblings, axis=1))


def _ratio(
    row: NDArray[np.int64], alike: Floats, by_stratum: Floats, spread: Floats, pairs: Floats
) -> Floats:
    observed = np.bincount(row, alike, len(by_stratum))
    expected = np.maximum(by_stratum, 0) ** 2 @ spread * pairs
    some = expected > 1e-9
    ratio: Floats = np.divide(observed, expected, out=np.full(len(some), np.nan), where=some)
    return ratio
