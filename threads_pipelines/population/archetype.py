"""Archetypes: the kinds of people that synthetic accounts are drawn from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol


class Archetype(Protocol):
    """A kind of person: relative ``topic_weights``, and ``activity`` and ``posting``, usually 1."""

    @property
    def id(self) -> str:
        """Name of the archetype."""

    @property
    def bio(self) -> Sequence[str]:
        """Biographies to draw from."""

    @property
    def topic_weights(self) -> Mapping[Any, float]:
        """Relative interest by topic, not negative."""

    @property
    def activity(self) -> float:
        """How much such people act, relative to 1."""

    @property
    def posting(self) -> float:
        """How much such people write, relative to 1."""


def topics_of(archetypes: Iterable[Archetype], post_topics: Iterable[str]) -> tuple[str, ...]:
    """List the topics of archetypes and posts.

    Args:
        archetypes: The archetypes.
        post_topics: Topics of the posts.

    Returns:
        All topics, sorted.
    """
    liked = {str(topic) for kind in archetypes for topic in kind.topic_weights}
    return tuple(sorted(liked | set(post_topics)))
