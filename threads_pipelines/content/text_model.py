"""The interface of a text model, and the key of a completion in the cache."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class CompletionOptions:
    """How to sample. The defaults suit a small base model that continues a text.

    Attributes:
        seed: The same seed, prompt and weights give the same text.
        max_tokens: Most tokens of the completion.
        one_sentence: Stop after the first whole sentence.
        stop: Texts that end the completion.
        temperature: 0.4 gave more usable sentences than 0.7, and as many different ones.
        repeat_penalty: Penalty on repeated tokens; 1 means none.
    """

    seed: int
    max_tokens: int = 32
    one_sentence: bool = True
    stop: tuple[str, ...] = ("\n",)
    temperature: float = 0.4
    repeat_penalty: float = 1.1


class TextModel(Protocol):
    """The interface of a text model."""

    @property
    def identity(self) -> str:
        """Name and digest: what a cached completion belongs to."""

    @property
    def follows_instructions(self) -> bool:
        """Whether the model has a chat template. Without one, it only continues a text."""

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        """Complete a prompt.

        Args:
            prompt: The prompt.
            options: How to sample.

        Returns:
            The text, not checked by the guards.

        Raises:
            TextModelError: The model does not answer.
        """


def completion_key(model: TextModel, prompt: str, options: CompletionOptions) -> str:
    """Compute the key of a completion in the cache.

    Args:
        model: The model.
        prompt: The prompt.
        options: How to sample.

    Returns:
        SHA-256, in hexadecimal, of everything that the completion depends on.
    """
    parts = [model.identity, model.follows_instructions, prompt, asdict(options)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
