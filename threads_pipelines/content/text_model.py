"""The text model: the ``ollama`` client behind one small protocol."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from typing import Protocol

import httpx
import ollama

from threads_pipelines.content.vocabulary import SENTENCE_END
from threads_pipelines.errors import TextModelError

MAX_CHARACTERS = 2000
_NO_CHAT_TEMPLATE = ("", "{{ .Prompt }}", "{{.Prompt}}")  # what Ollama shows for base weights


@dataclass(frozen=True, slots=True)
class CompletionOptions:
    """How to sample. The defaults suit a small base model that continues a text.

    seed: the same seed, prompt and weights give the same text.
    max_tokens: at most so many.
    one_sentence: stop after the first whole sentence.
    stop: texts that end the completion.
    temperature: 0.4 gave more usable sentences than 0.7, and no fewer different ones.
    """

    seed: int
    max_tokens: int = 32
    one_sentence: bool = True
    stop: tuple[str, ...] = ("\n",)
    temperature: float = 0.4
    repeat_penalty: float = 1.1


class TextModel(Protocol):
    """What the content room needs of a text model."""

    @property
    def identity(self) -> str:
        """Name and digest: what a cached completion belongs to."""

    @property
    def follows_instructions(self) -> bool:
        """Whether the model has a chat template; if not, prompts are texts to continue."""

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        """Return the model's text, unguarded; raises TextModelError where none can be had."""


class OllamaModel:
    """A model on an Ollama server, or on one that speaks its API."""

    def __init__(self, host: str, model: str, call_seconds: float = 20.0) -> None:
        """Look the model up on the server; raises TextModelError where it is not there.

        ``call_seconds`` bounds each call as a whole, and the wait for its first word.
        """
        self._model = model
        self._call_seconds = call_seconds
        self._host = host
        try:
            with self._client() as client:
                shown = client.show(model)
                listed = client.list().models
        except _FAULTS as error:
            raise _translated(error, model) from error
        digest = next((entry.digest for entry in listed if entry.model == model), None)
        self.identity = f"{model}@{digest or 'unknown'}"
        template = (shown.template or "").strip()
        renders = "\nRENDERER " in (shown.modelfile or "")
        self.follows_instructions = renders or template not in _NO_CHAT_TEMPLATE

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        """Return the model's text; see ``TextModel``."""
        try:
            # A client for each call: a stream that is left ends with its connection, and the
            # server stops working on it.
            with self._client() as client:
                return self._read(client, prompt, options)
        except _FAULTS as error:
            raise _translated(error, self._model) from error

    def _client(self) -> ollama.Client:
        return ollama.Client(host=self._host, timeout=self._call_seconds)

    def _read(self, client: ollama.Client, prompt: str, options: CompletionOptions) -> str:
        deadline = time.monotonic() + self._call_seconds
        stream = client.generate(
            model=self._model,
            prompt=prompt,
            raw=not self.follows_instructions,
            stream=True,
            options={
                "seed": options.seed,
                "num_predict": options.max_tokens,
                "temperature": options.temperature,
                "repeat_penalty": options.repeat_penalty,
                "stop": list(options.stop),
            },
        )
        text = ""
        for part in stream:
            text += part.response or ""
            if len(text) > MAX_CHARACTERS:
                break
            if options.one_sentence and SENTENCE_END.search(text.lstrip()):
                break
            if time.monotonic() > deadline:
                raise TextModelError(
                    f"the text model took longer than {self._call_seconds:g} s for one text"
                )
        return text


def completion_key(model: TextModel, prompt: str, options: CompletionOptions) -> str:
    """SHA-256, in hexadecimal, of all that a completion depends on."""
    parts = [model.identity, model.follows_instructions, prompt, asdict(options)]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


# A server that answers with something else than Ollama's API shows as a ValueError.
_FAULTS = (ConnectionError, httpx.HTTPError, ollama.ResponseError, ValueError)


def _translated(error: Exception, model: str) -> TextModelError:
    if isinstance(error, ollama.ResponseError) and error.status_code == 404:
        return TextModelError(
            f"the text model's server has no model {model!r}: run `ollama pull {model}` there, "
            "or set OLLAMA_MODEL to one that it has"
        )
    if isinstance(error, ollama.ResponseError):
        return TextModelError(f"the text model's server answered {error.status_code}: {error}")
    if isinstance(error, httpx.TimeoutException):
        return TextModelError("the text model's server did not answer in time")
    if isinstance(error, ValueError):
        return TextModelError(
            f"the text model's server does not speak Ollama's API ({type(error).__name__})"
        )
    return TextModelError(
        f"the text model's server does not answer ({type(error).__name__}): "
        "start it, or set OLLAMA_HOST to one that runs"
    )
