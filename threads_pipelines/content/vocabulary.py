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
    """The subject of a text: a seed post, or a point of a fake user."""

    @property
    def topic(self) -> str:
        """The theme of the text, one of ``THEMES``."""

    @property
    def tags(self) -> tuple[str, ...]:
        """Tags; the first one that is a subject of the theme selects the vocabulary."""

    @property
    def content(self) -> str:
        """The sentences that the text varies."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Vocabulary of one theme.

    Attributes:
        name: Name of the theme.
        subjects: Slots of each subject; "general" is always present.
        emoji: Emoji for subjects without their own.
        keywords: Words that identify the theme of a text.
        comments: Short comments on a post of the theme.
        display_names: Names of people who like it; empty if no fake user does.
    """

    name: str
    subjects: Mapping[str, Slots]
    emoji: tuple[Fragment, ...]
    keywords: tuple[str, ...]
    comments: tuple[Fragment, ...]
    display_names: tuple[Fragment, ...]

    def subject_of(self, tags: Sequence[str]) -> str:
        """Choose the subject for tags.

        Args:
            tags: Tags of a seed post.

        Returns:
            The first tag that is a subject of the theme, else "general".
        """
        return next((tag for tag in tags if tag in self.subjects), GENERAL)


@cache
def theme(name: str) -> Theme:
    """Load the vocabulary of a theme.

    Args:
        name: One of ``THEMES``.

    Returns:
        The vocabulary.

    Raises:
        KeyError: There is no such theme.
    """
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
    """Load the phrases that fit any subject.

    Returns:
        Phrases by slot.
    """
    return _slots(_read("voice"))


def slots_for(name: str, tags: Sequence[str], content: str) -> Slots:
    """Collect the slots for a text: those of its subject, or the theme's with its own sentences.

    Args:
        name: Name of the theme.
        tags: Tags of the text.
        content: The text.

    Returns:
        Phrases by slot.
    """
    words = theme(name)
    slots = {**voice(), "emoji": words.emoji, **words.subjects[words.subject_of(tags)]}
    if "points" not in slots:
        slots["points"] = tuple(_plain(text) for text in sentences(content))
    return slots


def sentences(text: str) -> tuple[str, ...]:
    """Split a text into sentences.

    Args:
        text: The text.

    Returns:
        The sentences, each cut at a word to at most ``MAX_POINT_LENGTH`` characters.
    """
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
