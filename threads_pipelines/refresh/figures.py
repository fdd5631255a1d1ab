"""What a refresh is measured by: whom it reached, how fresh its feeds are, how long it took."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Mask, Snapshot, Times

TOP = 10


@dataclass(frozen=True, slots=True)
class RefreshFigures:
    """Numbers of one refresh; None where there was nothing to measure.

    people, rows: who was ranked for, and the rows made.
    fresh_share: share of the first ten places that posts have which were written after the night
        was read: no feed of the night could show them.
    newest_post_minutes: age of the newest post in any of the feeds.
    top_post_hours: median age of the posts in the first ten places.
    new_accounts: accounts that joined since the last run and have their first feed now;
        first_feed_minutes: how long the median one waited for it.
    new_posts: candidates written since the last run; new_posts_shown: those of them in a feed;
        first_appearance_minutes: how long after it was written the median one of these appeared.
    feed_hours_before, feed_hours: mean age of the feeds of all accounts that have one, before and
        after.
    """

    people: int
    rows: int
    fresh_share: float | None
    newest_post_minutes: float | None
    top_post_hours: float | None
    new_accounts: int
    first_feed_minutes: float | None
    new_posts: int
    new_posts_shown: int
    first_appearance_minutes: float | None
    feed_hours_before: float | None
    feed_hours: float | None


class PlacesTally:
    """Counts the places of each post while rows stream by.

    top: (n_posts,) how often a post is among the first ten. shown: (n_posts,) bool, in any feed.
    """

    def __init__(self, n_posts: int) -> None:
        self.rows = 0
        self.people = 0
        self.top = np.zeros(n_posts, np.int64)
        self.shown = np.zeros(n_posts, bool)

    def of(self, chunks: Iterable[ScoredRows]) -> Iterator[ScoredRows]:
        """Hand the chunks on as they are."""
        for chunk in chunks:
            self.rows += len(chunk)
            self.people += len(np.unique(chunk.user))
            self.shown[chunk.post] = True
            self.top += np.bincount(chunk.post[chunk.rank <= TOP], minlength=len(self.top))
            yield chunk


def figures(
    snapshot: Snapshot,
    tally: PlacesTally,
    refreshed: Mask,
    joined: Times,
    made: Times,
    *,
    night: int,
    before: int,
    now: int,
) -> RefreshFigures:
    """Measure a refresh that is published at ``now``.

    refreshed: (n_users,) bool, who got rows. joined: (n_users,) epoch seconds of sign-up. made:
    (n_users,) epoch seconds at which the feed was made that each account had before; both negative
    where there is none. night: as_of of the night; before: as_of of the run before, night or
    refresh; now: all epoch seconds.
    """
    written = snapshot.posts.created_at
    dated = written >= 0
    top = np.where(dated, tally.top, 0)
    new_accounts = refreshed & (made < 0) & (joined > before)
    new_posts = dated & snapshot.posts.candidate & (written > before)
    shown = new_posts & tally.shown
    after = np.where(refreshed, snapshot.as_of, made)
    return RefreshFigures(
        people=tally.people,
        rows=tally.rows,
        fresh_share=float(top[written > night].sum() / top.sum()) if top.sum() else None,
        newest_post_minutes=_least(now - written[dated & tally.shown], 60),
        top_post_hours=_weighted_median(now - written, top, 3600),
        new_accounts=int(new_accounts.sum()),
        first_feed_minutes=_median(now - joined[new_accounts], 60),
        new_posts=int(new_posts.sum()),
        new_posts_shown=int(shown.sum()),
        first_appearance_minutes=_median(now - written[shown], 60),
        feed_hours_before=_mean(now - made[made >= 0], 3600),
        feed_hours=_mean(now - after[after >= 0], 3600),
    )


def _least(seconds: Times, unit: int) -> float | None:
    return float(seconds.min()) / unit if len(seconds) else None


def _median(seconds: Times, unit: int) -> float | None:
    return float(np.median(seconds)) / unit if len(seconds) else None


def _mean(seconds: Times, unit: int) -> float | None:
    return float(seconds.mean()) / unit if len(seconds) else None


def _weighted_median(seconds: Times, weight: NDArray[np.int64], unit: int) -> float | None:
    """Value at which half of the weight is reached, from the lowest on."""
    if not weight.sum():
        return None
    order = np.argsort(seconds)
    reached = np.cumsum(weight[order])
    return float(seconds[order][np.searchsorted(reached, reached[-1] / 2)]) / unit
