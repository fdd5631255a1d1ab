"""Reads interactions again: those that an earlier reading kept, and what changed since.

Only ``user_interaction`` is large. The other tables are read whole each time: a row that was
deleted or edited leaves no trace, and ``like`` and ``follow`` have no index by time, so that a scan
is needed in any case. For the interactions the server makes a fingerprint of each account's older
ones, in one scan that sends a row an account. AccountRows with another fingerprint than before (a
deletion, an edit, a row that was dated back or committed late) are read anew by the index
(user_id, created_at), and what is newer by the index (created_at). No row is trusted by its time
alone: kept rows and the delta are exactly what a full read gives.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from psycopg2.extensions import connection as Connection  # noqa: N812 - a class in lower case

from threads_pipelines.storage.postgres.database import naive_utc
from threads_pipelines.storage.postgres.reading.ids import AccountRows, Lookup
from threads_pipelines.storage.postgres.reading.interactions import (
    InteractionRows,
    read_interactions,
)
from threads_pipelines.storage.postgres.reading.kept import (
    AccountFingerprints,
    KeptInteractions,
    keep,
    read_fingerprints,
)

OVERLAP_SECONDS = 600
"""Rows dated in the last ten minutes are not kept: their transactions may commit late."""
MOST_READ = 0.3
"""Where more of the rows would have to be read anew, reading all of them in order is cheaper."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How interactions were read. Counts are of rows unless they name accounts.

    Attributes:
        full: Why everything was read; empty if it was not.
        kept: Rows taken from the earlier reading.
        newer: Rows dated after it.
        read_anew: Older rows of changed accounts that were read again.
        accounts_read_anew: Number of these accounts.
    """

    full: str
    kept: int = 0
    newer: int = 0
    read_anew: int = 0
    accounts_read_anew: int = 0


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Result of comparing the accounts with the earlier reading.

    Attributes:
        unchanged: (n,) bool, accounts of ``KeptInteractions`` with the same fingerprint as before.
        changed: (m,) int64, hashes of all other accounts that have older rows.
        changed_rows: (m,) int64, number of these rows.
    """

    unchanged: np.ndarray
    changed: np.ndarray
    changed_rows: np.ndarray


def read_with_kept(
    connection: Connection,
    accounts: AccountRows,
    posts: Lookup,
    seed: int,
    as_of: int,
    kept: KeptInteractions | None,
    most_read: float,
    progress: Callable[[str], None],
) -> tuple[InteractionRows, KeptInteractions, Changes]:
    """Read all interactions up to ``as_of``, with the help of an earlier reading.

    Args:
        connection: In a REPEATABLE READ transaction that has read ``accounts`` and ``posts``.
        accounts: The accounts.
        posts: Rows of the posts by hash.
        seed: Seed of the hashes of ids.
        as_of: Epoch seconds UTC.
        kept: The interactions that an earlier reading kept; None if there was none.
        most_read: Largest share of the rows to read again, in [0, 1]; above it everything is read.
        progress: Called with one sentence at a time.

    Returns:
        The interactions, what to keep for the next reading, and how they were read.
    """
    until = as_of - OVERLAP_SECONDS
    why = _distrust(kept, seed, as_of)
    earlier = until if kept is None or why else kept.until
    found = read_fingerprints(connection, seed, earlier=earlier, until=until)
    progress(f"{int(found.count.sum()):,} interactions compared with the last reading")
    given = {"as_of": naive_utc(as_of), "seed": seed}
    people = accounts.lookup
    compared = None if kept is None or why else _compare(kept, found)
    if compared is not None:
        why = _too_much(compared, found, most_read)
    if kept is None or compared is None or why:
        rows = read_interactions(connection, "read_interactions", given, people, posts, progress)
        changes = Changes(why)
    else:
        newer = {**given, "after": naive_utc(earlier)}
        parts = [
            _unchanged(kept, compared, people, posts),
            _anew(connection, accounts, posts, {**given, "until": naive_utc(earlier)}, compared),
            read_interactions(connection, "read_new_interactions", newer, people, posts, progress),
        ]
        changes = Changes(
            full="",
            kept=parts[0].read,
            newer=parts[2].read,
            read_anew=parts[1].read,
            accounts_read_anew=len(compared.changed),
        )
        rows = InteractionRows.concatenate(parts)
    ahead = keep(rows, found, people.hashes, posts.hashes, as_of=as_of, until=until, seed=seed)
    return rows, ahead, changes


def _distrust(kept: KeptInteractions | None, seed: int, as_of: int) -> str:
    """Return why the kept interactions cannot be used at all; empty if they can."""
    if kept is None:
        return "no earlier reading was kept"
    if kept.as_of > as_of:
        return "the clock went back: the last reading is of a later instant"
    if kept.seed != seed:
        return "ids are hashed by another seed than at the last reading"
    return ""


def _compare(kept: KeptInteractions, found: AccountFingerprints) -> _Comparison:
    count, mark = found.of(kept.accounts, earlier=True)
    unchanged = (count == kept.count) & (mark == kept.mark)
    rest = (found.earlier_count > 0) & (Lookup(kept.accounts[unchanged]).rows(found.account) < 0)
    return _Comparison(unchanged, found.account[rest], found.earlier_count[rest])


def _too_much(compared: _Comparison, found: AccountFingerprints, most_read: float) -> str:
    older, all_rows = int(found.earlier_count.sum()), int(found.count.sum())
    anew = int(compared.changed_rows.sum())
    if anew + all_rows - older <= most_read * all_rows:
        return ""
    return (
        f"too much changed since the last reading: {all_rows - older:,} newer interactions, and "
        f"{len(compared.changed):,} accounts with {anew:,} older ones were touched"
    )


def _unchanged(
    kept: KeptInteractions, compared: _Comparison, people: Lookup, posts: Lookup
) -> InteractionRows:
    """Return the kept rows of accounts that did not change, as rows of this reading."""
    chosen = compared.unchanged[kept.user]
    user = people.rows(kept.accounts)[kept.user[chosen]]
    post = posts.rows(kept.posts)[kept.post[chosen]]
    known = (user >= 0) & (post >= 0)
    return InteractionRows(
        user[known],
        post[known],
        kept.kind[chosen][known],
        kept.at[chosen][known],
        read=len(user),
        vanished=int(len(user) - known.sum()),
    )


def _anew(
    connection: Connection,
    accounts: AccountRows,
    posts: Lookup,
    given: dict[str, object],
    compared: _Comparison,
) -> InteractionRows:
    """Read all older rows of the changed accounts; those of unknown accounts are only counted."""
    row = accounts.lookup.rows(compared.changed)
    named = {**given, "accounts": accounts.ids[row[row >= 0]].tolist()}
    rows = read_interactions(
        connection, "read_interactions_of", named, accounts.lookup, posts, lambda _: None
    )
    unknown = int(compared.changed_rows[row < 0].sum())
    return InteractionRows(
        rows.user, rows.post, rows.kind, rows.at, rows.read + unknown, rows.vanished + unknown
    )
