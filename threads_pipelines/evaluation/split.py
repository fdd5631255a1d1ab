"""Train and test as a night would have seen them: the past to learn from, the next day to judge.

Nothing that happened after the cut reaches the training side: not the events, not the pairs that
they made `seen`, not the likes they left behind, and not the posts that were written later.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import (
    INTERACTION_TYPES,
    Interactions,
    Mask,
    Posts,
    Snapshot,
    Times,
)
from threads_pipelines.errors import DataError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DAY = 86_400
_LIKE = INTERACTION_TYPES.index("like")


@dataclass(frozen=True, slots=True)
class Split:
    """A training snapshot and what its users did afterwards.

    train: as the night would have read it. Its users and posts have the rows of the whole snapshot,
        so splits can be put side by side; posts of the future are no candidates.
    relevant: (n_users, n_posts) CSR of bool with sorted indices, the test pairs that the night
        could have recommended: a candidate, not seen before, not the user's own.
    known: (n_users,) bool, users with at least one event in ``train``; the others are cold.
    untouched: (n_posts,) bool, candidates without any event in ``train``: what collaborative
        filtering cannot reach, and content and trending have to.
    recent: (n_posts,) bool, posts that were new on the day before the cut.
    unreachable: count of test pairs on posts that were written after the cut, which no nightly
        batch can recommend.
    cut, until: epoch seconds UTC; the test side is (cut, until]. None for a random hold-out.
    """

    train: Snapshot
    relevant: "csr_matrix"
    known: Mask
    untouched: Mask
    recent: Mask
    unreachable: int
    cut: int | None
    until: int | None

    def test_users(self) -> NDArray[np.int32]:
        """Rows of the users who have something to be found, ascending."""
        return np.flatnonzero(np.diff(self.relevant.indptr)).astype(np.int32)


def by_time(snapshot: Snapshot, cut: int, until: int) -> Split:
    """Train on the events at or before ``cut``, test on those in (cut, until]; epoch seconds UTC.

    A seen pair stays seen where the snapshot has no event of it: it was made before the look-back
    window, or by a comment or a repost, whose time the snapshot does not carry.
    Raises DataError where the snapshot has no timestamps, or one of the two sides is empty.
    """
    if not snapshot.timed:
        raise DataError("A split by time needs timestamps: use `random_pairs` where there are none")
    before, after = _sides(snapshot, cut, until)
    if not before.any() or not after.any():
        raise DataError(f"No events on one side of the split at {cut} (epoch seconds)")
    return split_events(snapshot, before, after, cut, until)


def nights(snapshot: Snapshot, count: int, last_cut: int | None = None) -> list[Split]:
    """The splits of ``count`` nights in a row, a day apart, oldest first.

    last_cut: cut of the latest night; by default one day before ``snapshot.as_of``.
    Nights with an empty side are left out.
    """
    last_cut = snapshot.as_of - DAY if last_cut is None else last_cut
    cuts = range(last_cut - DAY * (count - 1), last_cut + 1, DAY)
    return [
        by_time(snapshot, cut, cut + DAY)
        for cut in cuts
        if all(side.any() for side in _sides(snapshot, cut, cut + DAY))
    ]


def random_pairs(snapshot: Snapshot, rng: np.random.Generator, share: float = 0.2) -> Split:
    """Hold out a random ``share`` of the distinct pairs, for data without timestamps.

    Every user keeps at least one pair to learn from.
    Raises DataError where no pair is left to test.
    """
    events = snapshot.interactions
    n_posts = len(snapshot.posts.ids)
    keys = events.user.astype(np.int64) * n_posts + events.post
    pairs, of_event = np.unique(keys, return_inverse=True)
    if not len(pairs):
        raise DataError("No events to split")
    held = np.zeros(len(pairs), bool)
    held[rng.permutation(len(pairs))[: round(share * len(pairs))]] = True
    owner = pairs // n_posts
    starts = np.flatnonzero(np.r_[True, owner[1:] != owner[:-1]])
    held[starts[np.logical_and.reduceat(held, starts)]] = False  # who would lose everything
    split = split_events(snapshot, ~held[of_event], held[of_event])
    if not split.relevant.nnz:
        raise DataError("Too few pairs to hold any out: at least one user needs two posts")
    return split


def first_seen(snapshot: Snapshot) -> Times:
    """(n_posts,) when each post appeared: its own time, else its first event, else -1."""
    never = np.iinfo(np.int64).max
    first = np.full(len(snapshot.posts.ids), never)
    if snapshot.timed:
        np.minimum.at(first, snapshot.interactions.post, snapshot.interactions.at)
    first[first == never] = -1
    known = snapshot.posts.created_at >= 0
    return np.where(known, snapshot.posts.created_at, first)


def pair_keys(matrix: "csr_matrix") -> NDArray[np.int64]:
    """(nnz,) row · n_columns + column of each entry; ascending where the indices are sorted."""
    rows = np.repeat(np.arange(matrix.shape[0], dtype=np.int64), np.diff(matrix.indptr))
    keys: NDArray[np.int64] = rows * matrix.shape[1] + matrix.indices
    return keys


def event_keys(events: Interactions, n_posts: int) -> NDArray[np.int64]:
    """Distinct pairs of the events as ``pair_keys``, ascending."""
    # np.unique hashes first, which is several times slower than to sort where most are distinct.
    keys = np.sort(events.user.astype(np.int64) * n_posts + events.post)
    return keys[np.diff(keys, prepend=-1) > 0]


def split_events(
    snapshot: Snapshot,
    train: Mask,
    test: Mask,
    cut: int | None = None,
    until: int | None = None,
) -> Split:
    """Train and test on these events; without a cut the training side is read as of now."""
    n_users, n_posts = snapshot.seen.shape
    recent = later = np.zeros(n_posts, bool)
    if cut is not None:
        born = first_seen(snapshot)
        later = born > cut
        recent = (born > cut - DAY) & ~later
    past, future = _take(snapshot.interactions, train), _take(snapshot.interactions, test)
    posts = _posts_at(snapshot, past, snapshot.posts.candidate & ~later)
    past_keys = event_keys(past, n_posts)
    # A seen pair without any event in the window is older, a comment or a repost: it stays.
    known = event_keys(snapshot.interactions, n_posts)
    older = np.setdiff1d(pair_keys(snapshot.seen), known, assume_unique=True)
    seen = np.sort(np.concatenate([older, past_keys]))
    asked = np.setdiff1d(event_keys(future, n_posts), seen, assume_unique=True)
    user, post = asked // n_posts, asked % n_posts
    reachable = posts.candidate[post] & (posts.author[post] != user)
    touched = np.bincount(past.post, minlength=n_posts) > 0
    return Split(
        train=replace(
            snapshot,
            posts=posts,
            interactions=past,
            seen=_matrix(seen, (n_users, n_posts)),
            as_of=snapshot.as_of if cut is None else cut,
        ),
        relevant=_matrix(asked[reachable], (n_users, n_posts)),
        known=np.bincount(past.user, minlength=n_users) > 0,
        untouched=posts.candidate & ~touched,
        recent=recent,
        unreachable=int(later[post].sum()),
        cut=cut,
        until=until,
    )


def _sides(snapshot: Snapshot, cut: int, until: int) -> tuple[Mask, Mask]:
    at = snapshot.interactions.at
    return at <= cut, (at > cut) & (at <= until)


def _take(events: Interactions, mask: Mask) -> Interactions:
    return Interactions(events.user[mask], events.post[mask], events.kind[mask], events.at[mask])


def _matrix(keys: NDArray[np.int64], shape: tuple[int, int]) -> "csr_matrix":
    """CSR of bool with sorted indices, from ascending distinct keys."""
    from scipy.sparse import csr_matrix

    counts = np.bincount(keys // shape[1], minlength=shape[0])
    indptr = np.concatenate(([0], np.cumsum(counts)))
    return csr_matrix((np.ones(len(keys), bool), keys % shape[1], indptr), shape)


def _posts_at(snapshot: Snapshot, past: Interactions, candidate: Mask) -> Posts:
    """Posts with the engagement that they had at the cut.

    The snapshot has no time for a comment, so comments are cut in proportion to the post's events.
    """
    posts, n_posts = snapshot.posts, len(snapshot.posts.ids)
    events = snapshot.interactions
    all_likes = np.bincount(events.post[events.kind == _LIKE], minlength=n_posts)
    past_likes = np.bincount(past.post[past.kind == _LIKE], minlength=n_posts)
    total, before = (np.bincount(rows, minlength=n_posts) for rows in (events.post, past.post))
    share = np.divide(before, total, out=np.ones(n_posts), where=total > 0)
    return replace(
        posts,
        candidate=candidate,
        likes=np.maximum(posts.likes - (all_likes - past_likes), 0).astype(np.int32),
        comments=np.floor(posts.comments * share).astype(np.int32),
    )
