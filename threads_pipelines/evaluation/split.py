"""A split of a snapshot into the past to train on and the following interactions to test on.

Nothing after the cut reaches the training side: neither events, nor the pairs that they added to
`seen`, nor likes, nor posts that were written later.
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
from threads_pipelines.evaluation.pair_keys import event_keys, matrix_of_keys, pair_keys

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DAY = 86_400
_LIKE = INTERACTION_TYPES.index("like")


@dataclass(frozen=True, slots=True)
class Split:
    """A training snapshot, and what its users did afterwards.

    Attributes:
        train: The data that a night at the cut would have read. Users and posts keep the rows of
            the whole snapshot, so that splits can be compared. Posts of the future are no
            candidates.
        relevant: (n_users, n_posts) CSR of bool with sorted indices, the test pairs that could have
            been recommended: a candidate that the user had not seen and did not write.
        known: (n_users,) bool, users with at least one event in ``train``; the others are cold.
        untouched: (n_posts,) bool, candidates without events in ``train``. Collaborative filtering
            cannot recommend them.
        recent: (n_posts,) bool, posts written in the day before the cut.
        unreachable: Number of test pairs on posts written after the cut, which no nightly batch can
            recommend.
        cut: Epoch seconds UTC; None for a random hold-out.
        until: Epoch seconds UTC; the test side is (cut, until]. None for a random hold-out.
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
        """List the users with at least one relevant post.

        Returns:
            (n,) int32 rows in ``Users``, ascending.
        """
        return np.flatnonzero(np.diff(self.relevant.indptr)).astype(np.int32)


def first_seen(snapshot: Snapshot) -> Times:
    """Return the time at which each post appeared.

    Args:
        snapshot: The data.

    Returns:
        (n_posts,) int64 epoch seconds: the post's own time, else the time of its first event, else
        -1.
    """
    never = np.iinfo(np.int64).max
    first = np.full(len(snapshot.posts.ids), never)
    if snapshot.timed:
        np.minimum.at(first, snapshot.interactions.post, snapshot.interactions.at)
    first[first == never] = -1
    known = snapshot.posts.created_at >= 0
    return np.where(known, snapshot.posts.created_at, first)


def split_events(
    snapshot: Snapshot,
    train: Mask,
    test: Mask,
    cut: int | None = None,
    until: int | None = None,
) -> Split:
    """Split a snapshot by masks of events.

    Args:
        snapshot: The data.
        train: (n_events,) bool, events of the training side.
        test: (n_events,) bool, events of the test side.
        cut: End of the training window in epoch seconds. None leaves ``as_of`` unchanged.
        until: End of the test window in epoch seconds.

    Returns:
        The split.
    """
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
            seen=matrix_of_keys(seen, (n_users, n_posts)),
            as_of=snapshot.as_of if cut is None else cut,
        ),
        relevant=matrix_of_keys(asked[reachable], (n_users, n_posts)),
        known=np.bincount(past.user, minlength=n_users) > 0,
        untouched=posts.candidate & ~touched,
        recent=recent,
        unreachable=int(later[post].sum()),
        cut=cut,
        until=until,
    )


def _take(events: Interactions, mask: Mask) -> Interactions:
    return Interactions(events.user[mask], events.post[mask], events.kind[mask], events.at[mask])


def _posts_at(snapshot: Snapshot, past: Interactions, candidate: Mask) -> Posts:
    """Return the posts with the engagement that they had at the cut.

    The snapshot has no time of comments, so they are reduced in proportion to the post's events.
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
