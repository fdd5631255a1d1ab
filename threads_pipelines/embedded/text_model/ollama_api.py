"""Ollama's API without HTTP: its requests, its answers and the interface of the engine.

https://github.com/ollama/ollama/blob/main/docs/api.md describes the API.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

VERSION = "0.12.0"
"""The version of Ollama whose answers are imitated."""


@dataclass(frozen=True, slots=True)
class Completion:
    """The end of a generation: counts are tokens, times are seconds."""

    reason: str
    """``stop`` or ``length``."""
    prompt_tokens: int
    prompt_seconds: float
    tokens: int
    seconds: float


class EngineError(Exception):
    """The engine refuses a request; the client gets the message."""


class Engine(Protocol):
    """Generates text, one request at a time."""

    def complete(
        self, prompt: str, options: Mapping[str, Any], on_text: Callable[[str], bool]
    ) -> Completion:
        """Continue a prompt.

        Args:
            prompt: The prompt.
            options: Ollama's options, and ``json_schema`` if the text must follow one.
            on_text: Receives each piece of text; returns False to stop.

        Returns:
            Counts and times.

        Raises:
            EngineError: The options or the prompt cannot be used.
        """


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The model that is served, and the answers about it."""

    name: str
    size: int
    """Bytes of the weights."""
    digest: str
    """SHA-256 of the weights, in hexadecimal."""
    modified_at: datetime
    details: Mapping[str, Any]
    license: str
    context_tokens: int

    def listed(self) -> dict[str, Any]:
        """Describe the model for /api/tags.

        Returns:
            The entry.
        """
        return {
            "name": self.name,
            "model": self.name,
            "modified_at": self.modified_at.isoformat(),
            "size": self.size,
            "digest": self.digest,
            "details": self.details,
        }

    def shown(self) -> dict[str, Any]:
        """Describe the model for /api/show.

        Returns:
            The answer.
        """
        family = self.details["family"]
        return {
            "modelfile": f"# base weights without a chat template\nFROM {self.name}\n",
            "parameters": "",
            "template": "",  # base weights: nothing was trained to follow one
            "license": self.license,
            "details": self.details,
            "model_info": {
                "general.architecture": family,
                "general.finetune": "base",
                f"{family}.context_length": self.context_tokens,
            },
            "capabilities": ["completion"],
            "modified_at": self.modified_at.isoformat(),
        }

    def line(self, said: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        """Make one line of an answer of generate or chat.

        Args:
            said: Fields with a piece of text.
            more: Further fields.

        Returns:
            The line.
        """
        return {"model": self.name, "created_at": datetime.now(UTC).isoformat(), **said, **more}

    def last_line(
        self, said: Mapping[str, Any], completion: Completion, seconds: float
    ) -> dict[str, Any]:
        """Make the line that ends an answer, with its counts and times.

        Args:
            said: Fields with an empty piece of text.
            completion: The end of the generation.
            seconds: Duration of the request.

        Returns:
            The line.
        """
        return self.line(
            said,
            done=True,
            done_reason=completion.reason,
            total_duration=_nanoseconds(seconds),
            load_duration=0,
            prompt_eval_count=completion.prompt_tokens,
            prompt_eval_duration=_nanoseconds(completion.prompt_seconds),
            eval_count=completion.tokens,
            eval_duration=_nanoseconds(completion.seconds),
        )


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
