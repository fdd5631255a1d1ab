"""Ollama's HTTP API over a text engine: just enough that the ``ollama`` client works unchanged.

https://github.com/ollama/ollama/blob/main/docs/api.md describes the API that is answered here:
version, tags, show, generate and chat, with and without streaming.
"""

import json
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationError

VERSION = "0.12.0"
"""The version of Ollama whose answers are imitated."""
_MAX_BODY_BYTES = 4_000_000


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
        """Continue the prompt, handing each piece to ``on_text`` until it returns False."""


@dataclass(frozen=True, slots=True)
class Model:
    """The one model that is served."""

    name: str
    size: int
    digest: str
    """SHA-256 of the weights, in hexadecimal."""
    modified_at: datetime
    details: Mapping[str, Any]
    license: str
    context_length: int


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore")

    model: str = Field(min_length=1)
    stream: bool | None = True
    options: dict[str, Any] | None = None
    format: Literal["", "json"] | dict[str, Any] | None = None


class _Generate(_Request):
    prompt: str | None = ""
    system: str | None = ""


class _Message(BaseModel):
    role: str
    content: str | None = ""


class _Chat(_Request):
    messages: list[_Message] = []


class _Show(BaseModel):
    model: str = ""
    name: str = ""


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class OllamaServer(ThreadingHTTPServer):
    """Serves one model on a loopback port; generations wait for each other."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, port: int, model: Model, engine: Engine) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.model = model
        self.engine = engine
        self.turn = Lock()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OllamaServer
    timeout: ClassVar[float] = 600.0

    def do_HEAD(self) -> None:
        self._respond(200, b"", "text/plain")

    def do_GET(self) -> None:
        model = self.server.model
        listed = {"name": model.name, **_card(model)}
        answers: dict[str, Any] = {
            "/api/version": {"version": VERSION},
            "/api/tags": {"models": [listed]},
        }
        if self.path == "/":
            self._respond(200, b"Ollama is running", "text/plain")
        elif self.path in answers:
            self._json(200, answers[self.path])
        else:
            self._json(404, {"error": f"{self.path} is not served here"})

    def do_POST(self) -> None:
        actions = {
            "/api/show": self._show,
            "/api/generate": self._generate,
            "/api/chat": self._chat,
        }
        try:
            body = self._body()
            if self.path not in actions:
                raise _RefusedError(404, f"{self.path} is not served here")
            actions[self.path](body)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            self._json(400, {"error": f"{where}: {first['msg']}"})
        except _RefusedError as refusal:
            self._json(refusal.status, {"error": str(refusal)})

    def _body(self) -> dict[str, Any]:
        length = int(self.headers.get("Content-Length") or 0)
        if length > _MAX_BODY_BYTES:
            self.close_connection = True
            raise _RefusedError(413, f"the request is larger than {_MAX_BODY_BYTES} bytes")
        try:
            body = json.loads(self.rfile.read(length))
        except ValueError as error:
            raise _RefusedError(400, f"the request is not JSON: {error}") from error
        if not isinstance(body, dict):
            raise _RefusedError(400, "the request is not a JSON object")
        return body

    def _show(self, body: dict[str, Any]) -> None:
        request = _Show.model_validate(body)
        model = self._known(request.model or request.name)
        family = model.details["family"]
        self._json(
            200,
            {
                "modelfile": f"# base weights without a chat template\nFROM {model.name}\n",
                "parameters": "",
                "template": "",  # base weights: nothing was trained to follow one
                "license": model.license,
                "details": model.details,
                "model_info": {
                    "general.architecture": family,
                    "general.finetune": "base",
                    f"{family}.context_length": model.context_length,
                },
                "capabilities": ["completion"],
                "modified_at": model.modified_at.isoformat(),
            },
        )

    def _generate(self, body: dict[str, Any]) -> None:
        request = _Generate.model_validate(body)
        prompt = "\n\n".join(text for text in (request.system, request.prompt) if text)
        self._run(request, prompt, lambda text: {"response": text})

    def _chat(self, body: dict[str, Any]) -> None:
        request = _Chat.model_validate(body)
        prompt = "\n\n".join(message.content for message in request.messages if message.content)
        self._run(request, prompt, lambda text: {"message": {"role": "assistant", "content": text}})

    def _run(self, request: _Request, prompt: str, said: Callable[[str], dict[str, Any]]) -> None:
        """Generate and answer; ``said`` wraps a piece of text as the called endpoint does."""
        model = self._known(request.model)
        options = _engine_options(request)
        began = time.perf_counter()
        if not prompt:  # Ollama's way to load a model
            self._json(200, _line(model, said("")) | {"done": True, "done_reason": "load"})
            return
        reply = _Stream(self) if request.stream is not False else None
        pieces: list[str] = []

        def on_text(text: str) -> bool:
            pieces.append(text)
            if reply and text:
                reply.send(_line(model, said(text)) | {"done": False})
            return not _hung_up(self.connection)

        with self.server.turn:
            if _hung_up(self.connection):
                self.close_connection = True
                return
            try:
                done = self.server.engine.complete(prompt, options, on_text)
            except EngineError as error:
                if reply is None or not reply.begun:
                    raise _RefusedError(400, str(error)) from error
                reply.send({"error": str(error)})
                reply.end()
                return
        final = _line(model, said("" if reply else "".join(pieces))) | {
            "done": True,
            "done_reason": done.reason,
            "total_duration": _nanoseconds(time.perf_counter() - began),
            "load_duration": 0,
            "prompt_eval_count": done.prompt_tokens,
            "prompt_eval_duration": _nanoseconds(done.prompt_seconds),
            "eval_count": done.tokens,
            "eval_duration": _nanoseconds(done.seconds),
        }
        if reply:
            reply.send(final)
            reply.end()
        else:
            self._json(200, final)

    def _known(self, name: str) -> Model:
        if name != self.server.model.name:
            raise _RefusedError(404, f"model '{name}' not found")
        return self.server.model

    def _json(self, status: int, answer: Mapping[str, Any]) -> None:
        self._respond(status, json.dumps(answer).encode(), "application/json; charset=utf-8")

    def _respond(self, status: int, body: bytes, kind: str) -> None:
        with suppress(ConnectionError):  # who hung up does not miss the answer
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Keep no log of requests: a prompt may be private, and nobody reads it."""


class _Stream:
    """Newline-delimited JSON in HTTP chunks; the status goes out with the first line."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self.begun = False

    def send(self, line: Mapping[str, Any]) -> None:
        if not self.begun:
            self.begun = True
            self._handler.send_response(200)
            self._handler.send_header("Content-Type", "application/x-ndjson")
            self._handler.send_header("Transfer-Encoding", "chunked")
            self._handler.end_headers()
        data = json.dumps(line).encode() + b"\n"
        self._write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        self._write(b"0\r\n\r\n")

    def _write(self, data: bytes) -> None:
        with suppress(ConnectionError):  # seen by _hung_up, which ends the generation
            self._handler.wfile.write(data)


def _engine_options(request: _Request) -> dict[str, Any]:
    options = dict(request.options or {})
    if request.format == "json":
        options["json_schema"] = {"type": "object", "additionalProperties": True}
    elif isinstance(request.format, dict):
        options["json_schema"] = request.format
    return options


def _line(model: Model, said: dict[str, Any]) -> dict[str, Any]:
    return {"model": model.name, "created_at": datetime.now(UTC).isoformat(), **said}


def _card(model: Model) -> dict[str, Any]:
    return {
        "model": model.name,
        "modified_at": model.modified_at.isoformat(),
        "size": model.size,
        "digest": model.digest,
        "details": model.details,
    }


def _hung_up(connection: socket.socket) -> bool:
    """Tell whether the client has gone, so that nobody waits for the rest."""
    with suppress(OSError):
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    return True


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1e9)
