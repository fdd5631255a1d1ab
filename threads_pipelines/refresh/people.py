"""Whom a refresh ranks for: those who are likely to come before the next one."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

from threads_pipelines.dataset.snapshot import Rows, Snapshot, Times

_NEVER = np.iinfo(np.int64).min
_NAMED = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True)
class RefreshRule:
    """Who is refreshed; everybody else keeps the feed of the night.

    active_hours: people who did something in so many hours before ``as_of``.
    most_people: at most so many, the most recently active first.
    """

    active_hours: float = 24.0
    most_people: int = 200_000


def people_to_refresh(
    snapshot: Snapshot,
    without_feed: Collection[str],
    named: Collection[str],
    rule: RefreshRule,
) -> Rows:
    """Rows of the people to rank for, ascending.

    without_feed: ids of accounts that have no live rows, such as those who joined since the night;
        of them those who never acted come after everybody who did.
    named: ids of accounts that are always refreshed, first of all.
    Accounts that are to have no feed are left out.
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
    """(n_users,) epoch seconds at which each account last acted or posted; the least int64: never.

    Only the look-back window is looked at.
    """
    last = np.full(len(snapshot.users.ids), _NEVER)
    np.maximum.at(last, snapshot.interactions.user, snapshot.interactions.at)
    posts = snapshot.posts
    known = (posts.author >= 0) & (posts.created_at >= 0)
    np.maximum.at(last, posts.author[known], posts.created_at[known])
    return last
