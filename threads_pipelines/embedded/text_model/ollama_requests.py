"""The requests of Ollama's API."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class TextRequest(BaseModel):
    """The fields that generate and chat share; unknown ones are ignored, as Ollama does."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1)
    stream: bool | None = True
    options: dict[str, Any] | None = None
    format: Literal["", "json"] | dict[str, Any] | None = None

    def engine_options(self) -> dict[str, Any]:
        """Return the options for the engine, with the requested format.

        Returns:
            Options by name.
        """
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
        """Return the prompt for weights without a chat template.

        Returns:
            The system text and the prompt.
        """
        return "\n\n".join(part for part in (self.system, self.prompt) if part)

    def said(self, text: str) -> dict[str, Any]:
        """Wrap a piece of the answer.

        Args:
            text: The piece.

        Returns:
            Fields of the answer's line.
        """
        return {"response": text}


class Message(BaseModel):
    """One turn of a chat."""

    role: str
    content: str | None = ""


class ChatRequest(TextRequest):
    """The body of /api/chat."""

    messages: list[Message] = []

    def text(self) -> str:
        """Return the prompt for weights without a chat template: roles are not marked.

        Returns:
            The messages, separated by empty lines.
        """
        return "\n\n".join(message.content for message in self.messages if message.content)

    def said(self, text: str) -> dict[str, Any]:
        """Wrap a piece of the answer.

        Args:
            text: The piece.

        Returns:
            Fields of the answer's line.
        """
        return {"message": {"role": "assistant", "content": text}}


class ShowRequest(BaseModel):
    """The body of /api/show."""

    model: str = Field(min_length=1)
