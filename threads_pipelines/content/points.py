"""What a fake user refers to: a point of the vocabulary about its interest, or a quoted post."""

import re
from dataclasses import dataclass

import numpy as np

from threads_pipelines.content.contract import INTERESTS, MAX_READ_CHARACTERS
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


def quoted(post_content: str) -> str:
    """Return a post on one line, without characters that could end the quotation.

    Args:
        post_content: Text of the post.

    Returns:
        At most ``MAX_READ_CHARACTERS`` characters.
    """
    plain = re.sub(r"[^\w\s.,;:!?'’-]|(?<!\w)['’]|['’](?!\w)", " ", post_content)
    return " ".join(plain.split())[:MAX_READ_CHARACTERS]
