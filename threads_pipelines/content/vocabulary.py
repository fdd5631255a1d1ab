"""The vocabulary of each theme.

``vocabulary/<theme>.json`` holds fragments (see ``grammar``) by subject and slot;
``vocabulary/voice.json`` holds the phrases that go with any subject.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Protocol

from threads_pipelines.content.grammar import Fragment

THEMES = ("technology", "food", "travel", "sports", "books", "daily_life", "anime", "cars")
GENERAL = "general"
"""Subject of a seed whose tags name no other subject of its topic."""

MAX_POINT_LENGTH = 240

Slots = Mapping[str, tuple[Fragment, ...]]
SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


class Subject(Protocol):
    """The subject of a text: a seed post or an interest of a fake user."""

    @property
    def topic(self) -> str:
        """One of ``THEMES``."""

    @property
    def tags(self) -> tuple[str, ...]:
        """The first that is a subject of the theme chooses the words."""

    @property
    def content(self) -> str:
        """What is to be said."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Vocabulary of one theme.

    subjects: slots of each subject; "general" is always there.
    emoji: what fits the theme, for subjects without their own.
    keywords: words that mark a text as being about the theme.
    comments: short answers to a post of the theme.
    display_names: names of people who like it; empty where no fake user does.
    """

    name: str
    subjects: Mapping[str, Slots]
    emoji: tuple[Fragment, ...]
    keywords: tuple[str, ...]
    comments: tuple[Fragment, ...]
    display_names: tuple[Fragment, ...]

    def subject_of(self, tags: Sequence[str]) -> str:
        """Return the first tag that is a subject of the theme, else "general"."""
        return next((tag for tag in tags if tag in self.subjects), GENERAL)


@cache
def theme(name: str) -> Theme:
    """Load the vocabulary of a theme; raises KeyError for a name outside ``THEMES``."""
    if name not in THEMES:
        raise KeyError(name)
    data = _read(name)
    return Theme(
        name=name,
        subjects={subject: _slots(slots) for subject, slots in data["subjects"].items()},
        emoji=tuple(Fragment(text) for text in data["emoji"]),
        keywords=tuple(data["keywords"]),
        comments=tuple(Fragment(text) for text in data["comments"]),
        display_names=tuple(Fragment(text) for text in data.get("display_names", ())),
    )


@cache
def voice() -> Slots:
    """Load the phrases that go with any subject."""
    return _slots(_read("voice"))


def slots_for(name: str, tags: Sequence[str], content: str) -> Slots:
    """Return the slots for a seed: its subject's own, or the theme's around its own sentences."""
    words = theme(name)
    slots = {**voice(), "emoji": words.emoji, **words.subjects[words.subject_of(tags)]}
    if "points" not in slots:
        slots["points"] = tuple(_plain(text) for text in sentences(content))
    return slots


def sentences(text: str) -> tuple[str, ...]:
    """Split a text into sentences, each shortened to ``MAX_POINT_LENGTH`` characters at a word."""
    found = (part.strip() for part in SENTENCE_END.split(" ".join(text.split())))
    return tuple(_shortened(part) for part in found if part)


def _shortened(sentence: str) -> str:
    if len(sentence) <= MAX_POINT_LENGTH:
        return sentence if sentence[-1] in ".!?…" else f"{sentence}."
    cut = sentence[:MAX_POINT_LENGTH].rsplit(" ", 1)[0].rstrip(",;:")
    return f"{cut}…"


def _plain(text: str) -> Fragment:
    # a seed's own brackets are text, not alternatives
    return Fragment(text.translate({ord("["): "(", ord("]"): ")", ord("|"): "/"}))


def _slots(data: Mapping[str, Sequence[str]]) -> Slots:
    return {slot: tuple(Fragment(text) for text in texts) for slot, texts in data.items()}


def _read(name: str) -> dict:
    file = resources.files("threads_pipelines.content") / "vocabulary" / f"{name}.json"
    loaded: dict = json.loads(file.read_text(encoding="utf-8"))
    return loaded
