"""What Ollama's API says: its requests, its answers and the engine behind them, without HTTP.

https://github.com/ollama/ollama/blob/main/docs/api.md describes the API.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

VERSION = "0.12.0"
"""The version of Ollama whose answers are imitated."""


@dataclass(frozen=True, slots=True)
class Completion:
    """How a generation ended: counts are tokens, times are seconds."""

    reason: str
    """``stop`` or ``length``."""
    prompt_tokens: int
    prompt_seconds: float
    tokens: int
    seconds: float


class EngineError(Exception):
    """The engine refuses the request; the message is shown to the client."""


class Engine(Protocol):
    """What generates text, one request at a time."""

    def complete(
        self, prompt: str, options: Mapping[str, Any], on_text: Callable[[str], bool]
    ) -> Completion:
        """Continue the prompt, handing each piece to ``on_text`` until that returns False.

        ``options`` are Ollama's, and ``json_schema`` where the text must follow one. Raises
        EngineError for options or a prompt that cannot be used.
        """


class TextRequest(BaseModel):
    """What generate and chat have in common; what is not known is ignored, as Ollama does."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1)
    stream: bool | None = True
    options: dict[str, Any] | None = None
    format: Literal["", "json"] | dict[str, Any] | None = None

    def engine_options(self) -> dict[str, Any]:
        """Return the options with the wanted format among them."""
        options = dict(self.options or {})
        if self.format == "json":
            options["json_schema"] = {"type": "object", "additionalProperties": True}
        elif self.format:
            options["json_schema"] = self.format
        return options


class GenerateRequest(TextRequest):
    """The body of /api/generate."""

    prompt: str | None = ""
    system: str | None = ""

    def text(self) -> str:
        """Return the prompt for weights without a chat template."""
        return "\n\n".join(part for part in (self.system, self.prompt) if part)

    def said(self, text: str) -> dict[str, Any]:
        """Wrap a piece of the answer."""
        return {"response": text}


class Message(BaseModel):
    """One turn of a chat."""

    role: str
    content: str | None = ""


class ChatRequest(TextRequest):
    """The body of /api/chat."""

    messages: list[Message] = []

    def text(self) -> str:
        """Return the prompt for weights without a chat template: no role is marked."""
        return "\n\n".join(message.content for message in self.messages if message.content)

    def said(self, text: str) -> dict[str, Any]:
        """Wrap a piece of the answer."""
        return {"message": {"role": "assistant", "content": text}}


class ShowRequest(BaseModel):
    """The body of /api/show."""

    model: str = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class ServedModel:
    """The one model that is served, and the answers about it."""

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
        """Return its entry of /api/tags."""
        return {
            "name": self.name,
            "model": self.name,
            "modified_at": self.modified_at.isoformat(),
            "size": self.size,
            "digest": self.digest,
            "details": self.details,
        }

    def shown(self) -> dict[str, Any]:
        """Return the answer of /api/show."""
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
        """Return one line of an answer of generate or chat."""
        return {"model": self.name, "created_at": datetime.now(UTC).isoformat(), **said, **more}

    def last_line(
        self, said: Mapping[str, Any], completion: Completion, seconds: float
    ) -> dict[str, Any]:
        """Return the line that ends an answer, with its counts and times."""
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
