"""The text model on an Ollama server."""

import time
from typing import TYPE_CHECKING

from threads_pipelines import proxies
from threads_pipelines.content.text_model import CompletionOptions
from threads_pipelines.content.vocabulary import SENTENCE_END
from threads_pipelines.errors import TextModelError

if TYPE_CHECKING:
    import ollama


MAX_CHARACTERS = 2000


_THOUGHT = "<think>"  # how a server that does not know of thinking passes it on


_NO_CHAT_TEMPLATE = ("", "{{ .Prompt }}", "{{.Prompt}}")  # what Ollama shows for base weights


class OllamaModel:
    """A model on an Ollama server, or on a server with the same API.

    Args:
        host: Address of the server.
        model: Name of the model.
        call_seconds: Time limit of each call, and of the wait for its first word.

    Raises:
        TextModelError: The server does not answer, or does not have the model.
    """

    def __init__(self, host: str, model: str, call_seconds: float = 20.0) -> None:
        """Look the model up on the server; raises TextModelError where it is not there.

        ``call_seconds`` bounds each call as a whole, and the wait for its first word.
        """
        self._model = model
        self._call_seconds = call_seconds
        self._host = host
        self._address = host if "://" in host else f"http://{host}"
        try:
            with self._client() as client:
                shown = client.show(model)
                listed = client.list().models
        except Exception as error:
            if not isinstance(error, _faults()):
                raise
            raise self._translated(error) from error
        name = _tagged(model)
        digest = next((entry.digest for entry in listed if entry.model == name), None)
        self.identity = f"{name}@{digest or 'unknown'}"
        self._thinks = "thinking" in (shown.capabilities or ())
        template = (shown.template or "").strip()
        renders = "\nRENDERER " in (shown.modelfile or "")
        self.follows_instructions = renders or template not in _NO_CHAT_TEMPLATE

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        """Implement ``TextModel.complete``."""
        try:
            # A client for each call: a stream that is left ends with its connection, and the
            # server stops working on it.
            with self._client() as client:
                return self._read(client, prompt, options)
        except Exception as error:
            if not isinstance(error, _faults()):
                raise
            raise self._translated(error) from error

    def _client(self) -> "ollama.Client":
        import ollama  # half a second that most processes never need

        proxy = proxies.httpx_options(self._address)
        return ollama.Client(host=self._host, timeout=self._call_seconds, **proxy)

    def _translated(self, error: Exception) -> TextModelError:
        said = _worded(error, self._model)
        proxied = f"; {proxies.ADVICE}" if proxies.proxy_for(self._address) else ""
        return TextModelError(said + proxied)

    def _read(self, client: "ollama.Client", prompt: str, options: CompletionOptions) -> str:
        deadline = time.monotonic() + self._call_seconds
        stream = client.generate(
            model=self._model,
            prompt=prompt,
            raw=not self.follows_instructions,
            stream=True,
            think=False if self._thinks else None,
            options={
                "seed": options.seed,
                "num_predict": options.max_tokens,
                "temperature": options.temperature,
                "repeat_penalty": options.repeat_penalty,
                "stop": list(options.stop),
            },
        )
        text, thought = "", False
        for part in stream:
            text += part.response or ""
            thought = thought or bool(part.thinking) or text.lstrip().startswith(_THOUGHT)
            if len(text) > MAX_CHARACTERS:
                break
            if options.one_sentence and SENTENCE_END.search(text.lstrip()):
                break
            if time.monotonic() > deadline:
                raise TextModelError(
                    f"the text model took longer than {self._call_seconds:g} s for one text"
                )
        if thought and (not text.strip() or text.lstrip().startswith(_THOUGHT)):
            raise TextModelError(
                f"the text model {self._model!r} thinks, and had no words left for a text: let "
                "OLLAMA_MODEL name one that does not think"
            )
        return text


def _tagged(model: str) -> str:
    """Return the name in the form of the server's list: without a tag it means the latest."""
    return model if ":" in model.rsplit("/", 1)[-1] else f"{model}:latest"


def _faults() -> tuple[type[Exception], ...]:
    """List the exceptions of a failing server; a server with another API causes a ValueError."""
    import httpx
    import ollama

    return (ConnectionError, httpx.HTTPError, ollama.ResponseError, ValueError)


def _worded(error: Exception, model: str) -> str:
    import httpx
    import ollama

    if isinstance(error, ollama.ResponseError) and error.status_code == 404:
        return (
            f"the text model's server has no model {model!r}: run `ollama pull {model}` there, "
            "or set OLLAMA_MODEL to one that it has"
        )
    if isinstance(error, ollama.ResponseError):
        return f"the text model's server answered {error.status_code}: {error}"
    if isinstance(error, httpx.TimeoutException):
        return "the text model's server did not answer in time"
    if isinstance(error, ValueError):
        return f"the text model's server does not speak Ollama's API ({type(error).__name__})"
    return (
        f"the text model's server does not answer ({type(error).__name__}): "
        "start it, or set OLLAMA_HOST to one that runs"
    )
