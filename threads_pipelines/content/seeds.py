"""The schema of the seed files, whose bytes the caller reads; an error lists all faults."""

import math
from collections.abc import Callable
from typing import Annotated, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from threads_pipelines.content.seed_json import json_list
from threads_pipelines.content.text import normalise
from threads_pipelines.errors import SeedError

Topic = Literal["technology", "food", "travel", "sports", "books", "daily_life"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
MAX_POST_LENGTH = 500
"""Characters of a post, as the app allows."""


def _says_something(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character, which PostgreSQL cannot store")
    if not normalise(text):
        raise ValueError("has no letters in it")
    return text


Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(_says_something)]
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]+$", max_length=40)]
Weight = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    id: Id = Field(description="Stable name of the entry: lower-case words joined by hyphens")


class SeedPost(_Entry):
    """A hand-written post from which variations are made."""

    topic: Topic = Field(description="What the post is about")
    content: Annotated[
        str, StringConstraints(max_length=MAX_POST_LENGTH), AfterValidator(_says_something)
    ] = Field(description="The text, one to four sentences")
    tags: Annotated[tuple[Tag, ...], Field(min_length=1, max_length=8, strict=False)] = Field(
        description="Subject first: the first tag that the vocabulary knows chooses its words"
    )
    tone: Line = Field(description="How it sounds, in a word")


class SeedUser(_Entry):
    """An archetype that synthetic users are drawn from."""

    name: Line = Field(description="What to call the archetype")
    description: Line = Field(description="Who these people are, in a sentence")
    bio: Annotated[tuple[Line, ...], Field(min_length=1, strict=False)] = Field(
        description="Profile texts; a user gets one of them"
    )
    topic_weights: dict[Topic, Weight] = Field(
        description="Interest in each topic, relative to the others; a topic left out has none"
    )
    activity: float = Field(
        gt=0, le=100, allow_inf_nan=False, description="How often they act; 1 is usual"
    )
    posting: float = Field(
        ge=0, le=100, allow_inf_nan=False, description="How readily they post; 1 is usual"
    )

    @property
    def topic_shares(self) -> dict[Topic, float]:
        """The weights scaled to sum to one, every topic present."""
        total = math.fsum(self.topic_weights.values())
        return {topic: self.topic_weights.get(topic, 0.0) / total for topic in TOPICS}


Entry = TypeVar("Entry", SeedPost, SeedUser)
_Fault = tuple[int, str]  # number of the entry (from 1), message
_ENTRIES_NAMED = 10
_LINES = 50
_SHOWN = 40
"""Characters of a wrong name or value that a message shows."""


def parse_seed_posts(raw: bytes, source: str) -> tuple[SeedPost, ...]:
    """Parse and validate seed posts.

    Args:
        raw: The bytes of the file.
        source: Name of the file, for messages.

    Returns:
        The posts.

    Raises:
        SeedError: The file is invalid; the message lists entry, field and fault for up to ten
            entries.
    """
    entries, faults = _entries(raw, source, SeedPost)
    faults += _repeated(entries, "content", "text", lambda post: normalise(post.content))
    return _all_or_nothing(entries, faults, source)


def parse_seed_users(raw: bytes, source: str) -> tuple[SeedUser, ...]:
    """Parse and validate archetypes.

    Args:
        raw: The bytes of the file.
        source: Name of the file, for messages.

    Returns:
        The archetypes.

    Raises:
        SeedError: As for ``parse_seed_posts``.
    """
    entries, faults = _entries(raw, source, SeedUser)
    faults += [
        (number, f"entry {number} ({user.id}), topic_weights: all weights are zero")
        for number, user in entries
        if not math.fsum(user.topic_weights.values()) > 0
    ]
    return _all_or_nothing(entries, faults, source)


def _entries(
    raw: bytes, source: str, model: type[Entry]
) -> tuple[list[tuple[int, Entry]], list[_Fault]]:
    entries: list[tuple[int, Entry]] = []
    faults: list[_Fault] = []
    for number, value in enumerate(json_list(raw, source), start=1):
        try:
            entries.append((number, model.model_validate(value)))
        except ValidationError as error:
            given = value.get("id") if isinstance(value, dict) else None
            named = isinstance(given, str) and given.isprintable() and len(given) <= _SHOWN
            name = f"entry {number} ({given})" if named else f"entry {number}"
            faults += [(number, f"{name}, {_fault(fault)}") for fault in error.errors()]
    faults += _repeated(entries, "id", "id", lambda entry: entry.id)
    return entries, faults


_PLAIN_WORDS = {
    "extra_forbidden": "is not a field that is known here",
    "missing": "is missing",
    "model_type": "must be a JSON object",
    "too_short": "must not be empty",
}


def _fault(fault: ErrorDetails) -> str:
    # pydantic ends the path of a wrong key with "[key]", which says nothing to the reader
    path = ".".join(_shown(str(part)) for part in fault["loc"] if part != "[key]") or "the entry"
    given = fault["input"]
    shown = "" if isinstance(given, dict | list) else f" (given: {str(given)[:_SHOWN]!r})"
    message = _PLAIN_WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    return f"{path}: {message[:1].lower()}{message[1:]}{shown}"


def _shown(name: str) -> str:
    """Return a field's name in a form that a message can contain."""
    short = name[:_SHOWN]
    return short if short.isprintable() else repr(short)


def _repeated(
    entries: list[tuple[int, Entry]], field: str, what: str, key: Callable[[Entry], str]
) -> list[_Fault]:
    first: dict[str, int] = {}
    faults = []
    for number, entry in entries:
        earlier = first.setdefault(key(entry), number)
        if earlier != number:
            message = f"entry {number} ({entry.id}), {field}: same {what} as entry {earlier}"
            faults.append((number, message))
    return faults


def _all_or_nothing(
    entries: list[tuple[int, Entry]], faults: list[_Fault], source: str
) -> tuple[Entry, ...]:
    if faults:
        count = f"{len(faults):,} fault{'s' if len(faults) > 1 else ''}"
        wrong = sorted({number for number, _ in faults})
        last = wrong[:_ENTRIES_NAMED][-1]
        named = [fault for fault in sorted(faults) if fault[0] <= last][:_LINES]
        lines = "\n".join(f"  {message}" for _, message in named)
        more = f" in {len(wrong):,} entries; the first are" if len(faults) > len(named) else ""
        raise SeedError(f"{source} has {count}{more}:\n{lines}")
    return tuple(entry for _, entry in entries)
