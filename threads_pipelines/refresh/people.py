"""Selects the people of a refresh: those who are likely to return before the next one."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from threads_pipelines.dataset.snapshot import Rows, Snapshot, Times

_NEVER = np.iinfo(np.int64).min
_NAMED = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class RefreshRule:
    """Who is refreshed; everybody else keeps the feed of the night.

    Attributes:
        active_hours: People who were active in this many hours before ``as_of`` are refreshed.
        most_people: Most people to refresh; the most recently active come first.
    """

    active_hours: float = 24.0
    most_people: int = 200_000


def people_to_refresh(
    snapshot: Snapshot,
    without_feed: Collection[str],
    named: Collection[str],
    rule: RefreshRule,
) -> Rows:
    """Select the people to rank for. Accounts that get no feed are left out.

    Args:
        snapshot: What the refresh read.
        without_feed: Ids of accounts without live rows, such as those that joined since the night.
            Those that were never active come after all others.
        named: Ids of accounts that are refreshed in any case; they come first.
        rule: The limits.

    Returns:
        (n,) int32 rows in ``Users``, ascending.
    """
    last = last_active(snapshot)
    waiting = np.isin(snapshot.users.ids, np.array(list(without_feed), object))
    chosen = (last > snapshot.as_of - rule.active_hours * 3600) | waiting
    wanted = np.isin(snapshot.users.ids, np.array(list(named), object))
    last = np.where(wanted, _NAMED, last)
    rows = np.flatnonzero((chosen | wanted) & snapshot.users.receives)
    latest_first = rows[np.argsort(-(last[rows].astype(np.float64)), kind="stable")]
    return np.sort(latest_first[: rule.most_people]).astype(np.int32)


def last_active(snapshot: Snapshot) -> Times:
    """Return when each account last acted or posted within the look-back window.

    Args:
        snapshot: What the refresh read.

    Returns:
        (n_users,) int64 epoch seconds; the lowest int64 if never.
    """
    last = np.full(len(snapshot.users.ids), _NEVER)
    np.maximum.at(last, snapshot.interactions.user, snapshot.interactions.at)
    posts = snapshot.posts
    known = (posts.author >= 0) & (posts.created_at >= 0)
    np.maximum.at(last, posts.author[known], posts.created_at[known])
    return last
