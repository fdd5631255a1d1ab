"""The figures of a refresh: its people, the freshness of their feeds, and waiting times."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Mask, Snapshot, Times

TOP = 10


@dataclass(frozen=True, slots=True)
class RefreshFigures:
    """Figures of one refresh; None if there was nothing to measure.

    Attributes:
        people: Number of people ranked for.
        rows: Number of rows made.
        fresh_share: Share of the first ten places whose post was written after the night was read,
            so that no feed of the night could have it.
        newest_post_minutes: Age of the newest post in any of the feeds.
        top_post_hours: Median age of the posts in the first ten places.
        new_accounts: Accounts that joined since the last run and have their first feed now.
        first_feed_minutes: Median time that these accounts waited for a feed.
        new_posts: Candidates written since the last run.
        new_posts_shown: Number of these that are in a feed.
        first_appearance_minutes: Median time from writing to the first feed of these posts.
        feed_hours_before: Mean age of all feeds before the refresh.
        feed_hours: Mean age of all feeds after the refresh.
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
    """Counts the places of each post while rows are streamed.

    Args:
        n_posts: Number of posts.

    Attributes:
        top: (n_posts,) how often a post is in the first ten places.
        shown: (n_posts,) bool, whether a post is in any feed.
    """

    def __init__(self, n_posts: int) -> None:
        self.rows = 0
        self.people = 0
        self.top = np.zeros(n_posts, np.int64)
        self.shown = np.zeros(n_posts, bool)

    def of(self, chunks: Iterable[ScoredRows]) -> Iterator[ScoredRows]:
        """Count the places in chunks of rows, and pass the chunks on.

        Args:
            chunks: Ranked rows.

        Yields:
            The same chunks.
        """
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

    Args:
        snapshot: What the refresh read.
        tally: Places of the posts in its rows.
        refreshed: (n_users,) bool, users who got rows.
        joined: (n_users,) epoch seconds of joining; negative if unknown.
        made: (n_users,) epoch seconds at which the previous feed was made; negative if there is
            none.
        night: ``as_of`` of the night in epoch seconds.
        before: ``as_of`` of the previous run, night or refresh, in epoch seconds.
        now: Epoch seconds.

    Returns:
        The figures.
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
    """Return the value at which half of the weight is reached, from the lowest value on."""
    if not weight.sum():
        return None
    order = np.argsort(seconds)
    reached = np.cumsum(weight[order])
    return float(seconds[order][np.searchsorted(reached, reached[-1] / 2)]) / unit
