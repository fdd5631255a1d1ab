"""Files given by a person, as the same snapshot that a night reads from the database.

A pair is seen where the file has any event of it up to ``as_of``, of whatever type. Without
``interaction_type`` all events are alike; without ``created_at`` the snapshot is not timed.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from threads_pipelines.dataset.snapshot import (
    INTERACTION_TYPES,
    Interactions,
    Mask,
    Posts,
    Rows,
    Snapshot,
    Times,
    Users,
)
from threads_pipelines.errors import InputFileError
from threads_pipelines.files.tables import Table, read_table
from threads_pipelines.files.times import UNKNOWN, read_times

UNTYPED = INTERACTION_TYPES.index("click")
"""What an event of a file without types counts as; all are alike, so which one does not matter."""
_UNKNOWN_TYPE = -1
_NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """A snapshot and what was passed over on the way.

    unknown_types: events by type that the app does not write: seen, but not learned from, unless
        ``all_alike``.
    all_alike: whether no event has a type that the app writes, so that each counts as one plain
        interaction: a file of ratings or purchases alone still says who was interested in what.
    later: events after ``as_of``, left out altogether.
    later_posts: posts after ``as_of``, no candidates.
    """

    snapshot: Snapshot
    unknown_types: dict[str, int]
    all_alike: bool
    later: int
    later_posts: int


def read_snapshot(
    interactions: Path,
    posts: Path | None = None,
    users: Path | None = None,
    as_of: int | None = None,
    now: int | None = None,
) -> FileSnapshot:
    """Read CSV files, plain or gzip.

    interactions: user_id, post_id and, where there are, interaction_type and created_at.
    posts: post_id and, where there are, content, author_id and created_at; all are candidates.
    users: user_id of those who receive a feed; by default everybody in ``interactions``.
    as_of: epoch seconds; by default just after the last event, but never after ``now``, so a time
        that has not come yet cannot shift a whole file into the past. Where events have no times
        it is a limit for ``posts`` alone, and without it there is none.
    Raises InputFileError naming the file, the line and the field.
    """
    events = read_table(interactions, ("user_id", "post_id"), ("interaction_type", "created_at"))
    if not events.rows:
        raise InputFileError(f"{interactions} has a header but no events")
    catalogue = _catalogue(posts)
    asked = read_table(users, ("user_id",), ()) if users else None
    timed = "created_at" in events.texts
    at = read_times(events, "created_at", optional=False) if timed else np.zeros(events.rows, int)
    given = _NEVER if as_of is None else as_of
    limit = _as_of(at, as_of, now, interactions) if timed else given
    past = at <= limit if timed else np.ones(events.rows, bool)
    kind, unknown = _kinds(events, past)
    all_alike = sum(unknown.values()) == past.sum()
    if all_alike:
        kind[:] = UNTYPED
    authors = catalogue.ids.get("author_id") if catalogue else None
    user_ids = _sorted_ids(events.ids["user_id"], asked and asked.ids["user_id"], authors)
    post_ids = _sorted_ids(events.ids["post_id"], catalogue and catalogue.ids["post_id"])
    user = _rows(events.ids["user_id"], user_ids)
    post = _rows(events.ids["post_id"], post_ids)
    kept = past & (kind != _UNKNOWN_TYPE)
    listed = _posts(catalogue, post_ids, user_ids, post[past])
    late = listed.created_at > limit
    learned = Interactions(user[kept], post[kept], kind[kept], at[kept].astype(np.int64))
    snapshot = Snapshot(
        users=_users(user_ids, _rows(asked.ids["user_id"], user_ids) if asked else user),
        posts=replace(listed, candidate=listed.candidate & ~late),
        interactions=learned,
        seen=_seen(user[past], post[past], (len(user_ids), len(post_ids))),
        as_of=0 if limit == _NEVER else limit,
        timed=timed,
    )
    return FileSnapshot(snapshot, unknown, all_alike, int((~past).sum()), int(late.sum()))


def _catalogue(path: Path | None) -> Table | None:
    if path is None:
        return None
    table = read_table(path, ("post_id",), ("content", "author_id", "created_at"))
    codes = table.ids["post_id"].indices.to_numpy()
    if len(np.unique(codes)) < len(codes):
        first = np.zeros(len(codes), bool)
        first[np.unique(codes, return_index=True)[1]] = True
        raise table.fault(int(np.argmin(first)), "post_id", "is there a second time")
    return table


def _as_of(at: Times, as_of: int | None, now: int | None, path: Path) -> int:
    last = int(at.max()) + 1
    as_of = min(last, now if now is not None else last) if as_of is None else as_of
    if not (at <= as_of).any():
        raise InputFileError(
            f"{path}, line 2, created_at: every event is later than {as_of} (epoch seconds), the "
            "time as of which the feed is made"
        )
    return as_of


def _kinds(events: Table, past: Mask) -> tuple[NDArray[np.int8], dict[str, int]]:
    """Position of each event's type, and how many past events have each unknown one."""
    if "interaction_type" not in events.texts:
        return np.full(events.rows, UNTYPED, np.int8), {}
    encoded = events.texts["interaction_type"].dictionary_encode()
    names = encoded.dictionary.to_pylist()
    known = {name: place for place, name in enumerate(INTERACTION_TYPES)}
    codes = encoded.indices.to_numpy()
    kind = np.array([known.get(name, _UNKNOWN_TYPE) for name in names], np.int8)[codes]
    counts = np.bincount(codes[past], minlength=len(names))
    unknown = {
        name: int(n) for name, n in zip(names, counts, strict=True) if n and name not in known
    }
    return kind, unknown


def _sorted_ids(*columns: pa.DictionaryArray | None) -> NDArray[np.object_]:
    """Distinct ids of all columns in code-point order; empty ones are none."""
    ids = {
        text for column in columns if column is not None for text in column.dictionary.to_pylist()
    }
    ordered = sorted(ids - {""})
    result = np.empty(len(ordered), object)
    result[:] = ordered
    return result


def _rows(column: pa.DictionaryArray, ids: NDArray[np.object_]) -> Rows:
    """(rows,) int32 position of each value in ``ids``, -1 where it is empty."""
    place = {text: row for row, text in enumerate(ids)}
    names = column.dictionary.to_pylist()
    rows = np.array([place.get(name, -1) for name in names], np.int32)
    return rows[column.indices.to_numpy()] if len(rows) else np.zeros(len(column), np.int32)


def _users(ids: NDArray[np.object_], asked: Rows) -> Users:
    receives = np.zeros(len(ids), bool)
    receives[asked] = True
    return Users(ids=ids, followers=np.zeros(len(ids), np.int32), receives=receives)


def _posts(
    catalogue: Table | None,
    ids: NDArray[np.object_],
    user_ids: NDArray[np.object_],
    touched: Rows,
) -> Posts:
    """Candidates are the posts ``touched`` and those listed."""
    n = len(ids)
    candidate = np.zeros(n, bool)
    candidate[touched] = True
    author, created_at = np.full(n, -1, np.int32), np.full(n, UNKNOWN, np.int64)
    content = np.full(n, "", object)
    if catalogue:
        rows = _rows(catalogue.ids["post_id"], ids)
        candidate[rows] = True
        if "author_id" in catalogue.ids:
            author[rows] = _rows(catalogue.ids["author_id"], user_ids)
        if "created_at" in catalogue.texts:
            created_at[rows] = read_times(catalogue, "created_at", optional=True)
        if "content" in catalogue.texts:
            content[rows] = catalogue.texts["content"].to_pylist()
    none = np.zeros(n, np.int32)
    return Posts(ids, author, created_at, content, candidate, likes=none, comments=none)


def _seen(user: Rows, post: Rows, shape: tuple[int, int]) -> csr_matrix:
    seen = csr_matrix((np.ones(len(user), bool), (user, post)), shape)
    seen.sum_duplicates()
    return seen
