"""Renders the ten variations of a seed, each a Jinja template over the vocabulary.

A template calls ``say(slot)`` for a phrase and ``choose(n)`` for a choice. Every choice comes from
the given random generator, so the same generator gives the same text.
"""

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np

from threads_pipelines.content.vocabulary import Slots, Subject, slots_for

if TYPE_CHECKING:
    from jinja2 import Template
    from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIATION_TYPES = (
    "paraphrase",
    "add_context",
    "emoji",
    "question",
    "personal_story",
    "pro_tip",
    "short_form",
    "long_form",
    "casual",
    "professional",
)
_KEEP_CAPITAL = ("I", "I'm", "Linux", "November", "Saturday", "Saturdays", "Page")
_DRAWS = 96  # more choices than any template makes; a longer text starts another block


def render(variation: str, subject: Subject, rng: np.random.Generator) -> str:
    """Write a text about a subject.

    Args:
        variation: One of ``VARIATION_TYPES``.
        subject: The subject.
        rng: Draws the phrases.

    Returns:
        The text.
    """
    return render_phrases(variation, phrases_for(subject, rng))


def render_phrases(variation: str, phrases: "Phrases") -> str:
    """Write a text with given phrases.

    Args:
        variation: One of ``VARIATION_TYPES``.
        phrases: The phrases.

    Returns:
        The text.
    """
    return _template(variation).render(say=phrases.say, choose=phrases.choose)


def phrases_for(subject: Subject, rng: np.random.Generator) -> "Phrases":
    """Collect the phrases for a subject.

    Args:
        subject: The subject.
        rng: Draws the phrases.

    Returns:
        The phrases.
    """
    return Phrases(_slots(subject.topic, subject.tags, subject.content), rng)


class Phrases:
    """Functions that a template may call. No phrase occurs twice in one text.

    Args:
        slots: Phrases by slot.
        rng: Source of randomness.
    """

    def __init__(self, slots: Slots, rng: np.random.Generator) -> None:
        self._slots = slots
        self._rng = rng
        self._numbers: list[float] = []
        self._left = {slot: list(range(len(fragments))) for slot, fragments in slots.items()}

    def choose(self, count: int) -> int:
        """Draw a number.

        Args:
            count: Number of alternatives.

        Returns:
            A number in [0, count).
        """
        if not self._numbers:
            self._numbers = self._rng.random(_DRAWS).tolist()
        return int(self._numbers.pop() * count)

    def say(self, slot: str) -> str:
        """Draw a phrase that was not used before in this text, if there is one.

        Args:
            slot: Name of the slot.

        Returns:
            The phrase.
        """
        left = self._left[slot]
        if not left:  # a seed of one sentence may have to repeat itself
            left.extend(range(len(self._slots[slot])))
        fragment = self._slots[slot][left.pop(self.choose(len(left)))]
        return fragment.expand(self.choose)


@cache
def _template(variation: str) -> "Template":
    source = resources.files("threads_pipelines.content") / "templates" / f"{variation}.j2"
    return environment().from_string(source.read_text(encoding="utf-8").strip())


@cache
def environment() -> "ImmutableSandboxedEnvironment":
    """Make the Jinja environment of templates and prompts: sandboxed, plain text.

    Returns:
        The environment.
    """
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    made = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,  # posts are plain text: escaping is the job of whoever shows them
    )
    made.filters["cap"] = lambda text: text[:1].upper() + text[1:]
    made.filters["low"] = _low
    return made


def _low(text: str) -> str:
    first = text.split(" ", 1)[0]
    return text if first in _KEEP_CAPITAL else text[:1].lower() + text[1:]


_slots = cache(slots_for)
