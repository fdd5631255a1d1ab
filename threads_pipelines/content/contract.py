"""The interface of the language model that the simulation uses."""

from dataclasses import dataclass
from typing import Literal, Protocol

INTERESTS = {
    "sports": "sports",
    "tech": "technology",
    "anime": "anime",
    "cars": "cars",
    "food": "food",
}
"""Interest of a fake user, and the theme whose words it has."""

MAX_POST_CHARACTERS = 280
MAX_COMMENT_CHARACTERS = 200
MAX_READ_CHARACTERS = 500
"""Of somebody else's post, as far as a prompt quotes it."""

DecidedBy = Literal["model", "template", "similarity"]


@dataclass(frozen=True, slots=True)
class Said:
    """A text, and what wrote it. ``reason`` says why it was not the model."""

    text: str
    decided_by: DecidedBy
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to act on a post, what decided it, and the similarity of post and interest."""

    act: bool
    decided_by: DecidedBy
    similarity: float
    reason: str = ""


class LanguageModel(Protocol):
    """The four requests of the simulation."""

    def generate_post(self, interest: str) -> Said:
        """Write a post.

        Args:
            interest: One of ``INTERESTS``.

        Returns:
            A text of at most ``MAX_POST_CHARACTERS``.

        Raises:
            DataError: No new text can be written.
        """

    def generate_comment(self, post_content: str, interest: str) -> Said:
        """Write a comment on a post.

        Args:
            post_content: Text of the post.
            interest: One of ``INTERESTS``.

        Returns:
            A text of at most ``MAX_COMMENT_CHARACTERS``.
        """

    def should_interact(self, post_content: str, interest: str) -> Decision:
        """Decide whether a post matches an interest.

        Args:
            post_content: Text of the post.
            interest: One of ``INTERESTS``.

        Returns:
            The decision.
        """

    def generate_display_name(self, interest: str) -> Said:
        """Invent a display name.

        Args:
            interest: One of ``INTERESTS``.

        Returns:
            The name.
        """
