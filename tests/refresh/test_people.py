"""Whom a refresh ranks for, on a small literal snapshot."""

import numpy as np
from scipy.sparse import csr_matrix

from threads_pipelines.dataset.snapshot import Interactions, Posts, Snapshot, Users
from threads_pipelines.refresh.people import RefreshRule, last_active, people_to_refresh

HOUR = 3600
AS_OF = 1_000_000_000
NAMES = ["ann", "bob", "cem", "dee", "eve", "fay"]


def snapshot(events: dict[str, float], withheld: tuple[str, ...] = ()) -> Snapshot:
    """Each named account looked at the only post so many hours ago; fay wrote it 3 hours ago."""
    users = np.array([NAMES.index(name) for name in events], np.int32)
    at = np.array([AS_OF - round(hours * HOUR) for hours in events.values()], np.int64)
    zeros = np.zeros(1, np.int32)
    return Snapshot(
        users=Users(
            ids=np.array(NAMES, object),
            followers=np.zeros(6, np.int32),
            receives=np.array([name not in withheld for name in NAMES]),
        ),
        posts=Posts(
            ids=np.array(["p"], object),
            author=np.array([5], np.int32),
            created_at=np.array([AS_OF - 3 * HOUR]),
            content=np.array(["text"], object),
            candidate=np.ones(1, bool),
            likes=zeros,
            comments=zeros,
        ),
        interactions=Interactions(users, 0 * users, (0 * users).astype(np.int8), at),
        seen=csr_matrix((6, 1), dtype=bool),
        as_of=AS_OF,
    )


ACTED = {"ann": 1.0, "bob": 23.9, "cem": 24.0, "dee": 100.0}


def chosen(
    acted: dict[str, float],
    without_feed: tuple[str, ...] = (),
    named: tuple[str, ...] = (),
    rule: RefreshRule | None = None,
    withheld: tuple[str, ...] = (),
) -> list[str]:
    rows = people_to_refresh(
        snapshot(acted, withheld), without_feed, named, rule or RefreshRule(24.0)
    )
    assert rows.dtype == np.int32
    return [NAMES[row] for row in rows]


def test_people_who_acted_lately_are_chosen_and_those_who_posted() -> None:
    assert chosen(ACTED) == ["ann", "bob", "fay"]
    assert chosen(ACTED, rule=RefreshRule(2.0)) == ["ann"]


def test_people_without_a_feed_are_chosen_whether_they_acted_or_not() -> None:
    assert chosen(ACTED, without_feed=("eve", "dee")) == ["ann", "bob", "dee", "eve", "fay"]


def test_people_who_are_named_are_chosen() -> None:
    assert chosen(ACTED, named=("dee", "nobody")) == ["ann", "bob", "dee", "fay"]


def test_the_most_recently_active_come_first_where_there_are_too_many() -> None:
    assert chosen(ACTED, rule=RefreshRule(24.0, 2)) == ["ann", "fay"]
    # Named people before all others; those who never acted after all others.
    assert chosen(ACTED, ("eve",), ("dee",), RefreshRule(24.0, 2)) == ["ann", "dee"]
    assert chosen(ACTED, ("eve",), ("dee",), RefreshRule(24.0, 4)) == ["ann", "bob", "dee", "fay"]


def test_an_account_that_is_to_have_no_feed_is_left_out() -> None:
    assert chosen(ACTED, ("eve",), ("ann",), withheld=("ann", "eve")) == ["bob", "fay"]


def test_nobody_is_chosen_where_nobody_came() -> None:
    assert chosen({}, rule=RefreshRule(1.0)) == []


def test_the_latest_event_of_an_account_counts() -> None:
    last = last_active(snapshot({"ann": 5.0}))
    assert last.tolist()[0] == AS_OF - 5 * HOUR
    assert last.tolist()[5] == AS_OF - 3 * HOUR
    assert (last[1:5] < 0).all()
