"""The input files of a command, and what its user should know about them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from threads_pipelines.dataset.snapshot import INTERACTION_TYPES
from threads_pipelines.files.formats.options import NO_OPTIONS, FileOptions
from threads_pipelines.files.reading import FileSnapshot, read_snapshot

Progress = Callable[[str], None]


_TYPES_NAMED = 10


@dataclass(frozen=True, slots=True)
class Inputs:
    """The input files, and the instant up to which they are read.

    Attributes:
        interactions: The events.
        posts: The posts.
        users: The people who get a feed.
        as_of: Epoch seconds UTC. None: just after the last event, but not after ``now``.
        now: Epoch seconds UTC.
        columns: What the user says about the file of events.
        posts_columns: What the user says about the file of posts.
        users_columns: What the user says about the file of users.
    """

    interactions: Path
    posts: Path | None = None
    users: Path | None = None
    as_of: int | None = None
    now: int | None = None
    columns: FileOptions = NO_OPTIONS
    posts_columns: FileOptions = NO_OPTIONS
    users_columns: FileOptions = NO_OPTIONS


def read_inputs(inputs: Inputs, progress: Progress, note: Progress) -> FileSnapshot:
    """Read the input files, and report how they were read.

    Args:
        inputs: The files.
        progress: Called with one sentence before each step.
        note: Called with each sentence that the user should know.

    Returns:
        The snapshot.

    Raises:
        InputFileError: A file is invalid.
    """
    progress(f"reading {inputs.interactions}")
    read = read_snapshot(
        inputs.interactions,
        inputs.posts,
        inputs.users,
        inputs.as_of,
        inputs.now,
        (inputs.columns, inputs.posts_columns, inputs.users_columns),
    )
    for choice in read.choices:
        note(choice)
    _note_types(read, note)
    if read.later:
        note(f"{read.later:,} events are later than the feed and left out")
    snapshot = read.snapshot
    if read.strangers:
        note(_strangers(inputs, read.strangers, int(snapshot.users.receives.sum())))
    if read.later_posts:
        limit = datetime.fromtimestamp(snapshot.as_of, UTC).isoformat()
        note(
            f"{read.later_posts:,} posts of {inputs.posts} are dated after {limit} and left out; "
            "with a later --as-of they are not"
        )
    progress(
        f"{len(snapshot.interactions):,} events, {len(snapshot.users.ids):,} users, "
        f"{len(snapshot.posts.ids):,} posts"
    )
    return read


def _note_types(read: FileSnapshot, note: Progress) -> None:
    fate = "taken as a plain interaction each" if read.all_alike else "ignored"
    unknown = sorted(read.unknown_types.items(), key=lambda item: (-item[1], item[0]))
    for name, count in unknown[:_TYPES_NAMED]:
        note(f"{count:,} events of the unknown type {name!r} are {fate}")
    if rest := unknown[_TYPES_NAMED:]:
        events = sum(count for _, count in rest)
        note(f"{events:,} events of {len(rest):,} more unknown types are {fate}")
    if read.all_alike:
        known = ", ".join(INTERACTION_TYPES)
        note(f"WARNING: no event is a {known}: all events count alike, whatever their type")


def _strangers(inputs: Inputs, strangers: int, asked: int) -> str:
    """Describe how many requested people have no event."""
    if strangers == asked:
        return (
            f"WARNING: no user of {inputs.users} has an event in {inputs.interactions}: is it the "
            f"right file and column? All {asked:,} get what is trending"
        )
    return (
        f"{strangers:,} of {asked:,} users of {inputs.users} have no event in "
        f"{inputs.interactions}: they get what is trending"
    )
