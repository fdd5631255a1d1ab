"""Points that a fake user can make: a sentence of the vocabulary about its interest."""

from dataclasses import dataclass

import numpy as np

from threads_pipelines.content.contract import INTERESTS
from threads_pipelines.content.vocabulary import theme


@dataclass(frozen=True, slots=True)
class Point:
    """A subject of a text, as ``vocabulary.Subject``.

    Attributes:
        topic: The theme of the interest.
        tags: The subject within the theme.
        content: The sentence.
    """

    topic: str
    tags: tuple[str, ...]
    content: str


def draw_point(interest: str, rng: np.random.Generator) -> Point:
    """Draw a point about an interest.

    Args:
        interest: One of ``INTERESTS``.
        rng: Source of randomness.

    Returns:
        The point.

    Raises:
        KeyError: There is no such interest.
    """
    topic = INTERESTS[interest]
    subjects = [name for name, slots in theme(topic).subjects.items() if "points" in slots]
    subject = subjects[rng.integers(len(subjects))]
    points = theme(topic).subjects[subject]["points"]
    point = points[rng.integers(len(points))]
    return Point(topic, (subject,), point.expand(lambda count: int(rng.integers(count))))
