"""Reads input files into the same snapshot that a night reads from the database.

A pair is seen if the file has any event of it up to ``as_of``, of any type. Without
``interaction_type`` all events count alike. Without ``created_at`` the snapshot is not timed.
"""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import (
    INTERACTION_TYPES,
    Interactions,
    Mask,
    Snapshot,
    Times,
)
from threads_pipelines.errors import InputFileError
from threads_pipelines.files.formats.kinds import EVENTS, POSTS, USERS, FileKind
from threads_pipelines.files.formats.options import NO_OPTIONS, FileOptions
from threads_pipelines.files.formats.source import Source
from threads_pipelines.files.formats.tables import Table, read_table
from threads_pipelines.files.rows import posts_of, rows_of, seen_of, sorted_ids, users_of
from threads_pipelines.files.times import read_times

UNTYPED = INTERACTION_TYPES.index("click")
"""What an event of a file without types counts as; all are alike, so which one does not matter."""
_UNKNOWN_TYPE = -1
_NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class FileSnapshot:
    """A snapshot, and what was left out.

    Attributes:
        snapshot: The snapshot.
        unknown_types: Number of events by type that the app does not write. Their pairs are seen,
            but they are not learned from, unless ``all_alike``.
        all_alike: Whether no event has a type that the app writes, so that each counts as one plain
            interaction. A file of ratings or purchases still tells who was interested in what.
        later: Number of events after ``as_of``; they are left out.
        later_posts: Number of posts after ``as_of``; they are no candidates.
        strangers: Number of people of ``users`` without an event up to ``as_of``.
        choices: How each file was read, as the option that would request the same.
    """

    snapshot: Snapshot
    unknown_types: dict[str, int]
    all_alike: bool
    later: int
    later_posts: int
    strangers: int
    choices: tuple[str, ...]


def read_snapshot(
    interactions: Path,
    posts: Path | None = None,
    users: Path | None = None,
    as_of: int | None = None,
    now: int | None = None,
    options: tuple[FileOptions, FileOptions, FileOptions] = (NO_OPTIONS,) * 3,
) -> FileSnapshot:
    """Read tables of events, posts and users in any format that ``read_table`` supports.

    Args:
        interactions: Users and posts, and types and times if present.
        posts: Posts, and content, authors and times if present; all are candidates.
        users: People who get a feed. Default: everybody in ``interactions``.
        as_of: Epoch seconds. Default: just after the last event, but never after ``now``, so that a
            future time cannot shift a whole file into the past. If events have no times, it limits
            only ``posts``.
        now: Epoch seconds.
        options: What the user says about the three files.

    Returns:
        The snapshot.

    Raises:
        InputFileError: A file is invalid; the message names file, line and column.
    """
    with ExitStack() as stack:
        given = [
            (stack.enter_context(Source(path)), kind, option)
            for path, kind, option in zip(
                (interactions, posts, users), (EVENTS, POSTS, USERS), options, strict=True
            )
            if path
        ]
        tables = {kind: read_table(source, kind, option) for source, kind, option in given}
        return _snapshot(tables[EVENTS], tables.get(POSTS), tables.get(USERS), as_of, now)


def _snapshot(
    events: Table, catalogue: Table | None, asked: Table | None, as_of: int | None, now: int | None
) -> FileSnapshot:
    if not events.rows:
        raise InputFileError(f"{events.source} has a header but no events")
    if catalogue:
        _check_unique(catalogue)
    units: dict[FileKind, str] = {}
    timed = "time" in events.texts
    at = np.zeros(events.rows, np.int64)
    if timed:
        at, units[EVENTS] = read_times(events, optional=False)
    limit = _NEVER if as_of is None else as_of
    if timed:
        limit = _as_of(at, as_of, now, events)
    past = at <= limit if timed else np.ones(events.rows, bool)
    kind, unknown = _kinds(events, past)
    all_alike = sum(unknown.values()) == past.sum()
    if all_alike:
        kind[:] = UNTYPED
    authors = catalogue.ids.get("author") if catalogue else None
    user_ids = sorted_ids(events.ids["user"], asked and asked.ids["user"], authors)
    post_ids = sorted_ids(events.ids["post"], catalogue and catalogue.ids["post"])
    user = rows_of(events.ids["user"], user_ids)
    post = rows_of(events.ids["post"], post_ids)
    kept = past & (kind != _UNKNOWN_TYPE)
    post_times = None
    if catalogue and "time" in catalogue.texts:
        post_times, units[POSTS] = read_times(catalogue, optional=True)
    listed = posts_of(catalogue, post_times, post_ids, user_ids, post[past])
    late = listed.created_at > limit
    learned = Interactions(user[kept], post[kept], kind[kept], at[kept].astype(np.int64))
    snapshot = Snapshot(
        users=users_of(user_ids, rows_of(asked.ids["user"], user_ids) if asked else user),
        posts=replace(listed, candidate=listed.candidate & ~late),
        interactions=learned,
        seen=seen_of(user[past], post[past], (len(user_ids), len(post_ids))),
        as_of=0 if limit == _NEVER else limit,
        timed=timed,
    )
    active = np.zeros(len(user_ids), bool)
    active[user[past]] = True
    return FileSnapshot(
        snapshot,
        unknown,
        all_alike,
        later=int((~past).sum()),
        later_posts=int(late.sum()),
        strangers=int((snapshot.users.receives & ~active).sum()) if asked else 0,
        choices=tuple(
            table.choice(units.get(table.kind)) for table in (events, catalogue, asked) if table
        ),
    )


def _check_unique(catalogue: Table) -> None:
    codes = catalogue.ids["post"].indices.to_numpy()
    if len(np.unique(codes)) < len(codes):
        first = np.zeros(len(codes), bool)
        first[np.unique(codes, return_index=True)[1]] = True
        raise catalogue.fault(int(np.argmin(first)), "post", "is there a second time")


def _as_of(at: Times, as_of: int | None, now: int | None, events: Table) -> int:
    last = int(at.max()) + 1
    as_of = min(last, now if now is not None else last) if as_of is None else as_of
    if not (at <= as_of).any():
        raise events.fault(
            0,
            "time",
            f"every event is later than {as_of} (epoch seconds), the time as of which the feed is "
            "made",
        )
    return as_of


def _kinds(events: Table, past: Mask) -> tuple[NDArray[np.int8], dict[str, int]]:
    """Return the position of each event's type, and the past events by unknown type."""
    if "type" not in events.texts:
        return np.full(events.rows, UNTYPED, np.int8), {}
    trimmed = pc.ascii_lower(pc.utf8_trim_whitespace(events.texts["type"]))
    encoded = trimmed.dictionary_encode()
    names = encoded.dictionary.to_pylist()
    known = {name: place for place, name in enumerate(INTERACTION_TYPES)}
    codes = encoded.indices.to_numpy()
    kind = np.array([known.get(name, _UNKNOWN_TYPE) for name in names], np.int8)[codes]
    counts = np.bincount(codes[past], minlength=len(names))
    unknown = {
        name: int(n) for name, n in zip(names, counts, strict=True) if n and name not in known
    }
    return kind, unknown
