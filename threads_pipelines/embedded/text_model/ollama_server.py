"""Ollama's HTTP API on a loopback port, so that the ``ollama`` client works unchanged.

It answers version, tags, show, generate and chat, with and without streaming.
"""

import json
import select
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any, ClassVar

from pydantic import ValidationError

from threads_pipelines.embedded.text_model.ollama_api import (
    VERSION,
    Engine,
    EngineError,
    ServedModel,
)
from threads_pipelines.embedded.text_model.ollama_requests import (
    ChatRequest,
    GenerateRequest,
    ShowRequest,
)

_MAX_BODY_BYTES = 4_000_000


class OllamaServer(ThreadingHTTPServer):
    """Serves one model on 127.0.0.1; generations wait in line.

    Args:
        port: The port.
        model: The model.
        engine: Generates the text.
    """

    daemon_threads = True

    def __init__(self, port: int, model: ServedModel, engine: Engine) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.model = model
        self.engine = engine
        self.turn = Lock()


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: OllamaServer
    timeout: ClassVar[float] = 600.0

    def do_HEAD(self) -> None:
        self._respond(200, b"", "text/plain")

    def do_GET(self) -> None:
        if self.path == "/":
            self._respond(200, b"Ollama is running", "text/plain")
        elif self.path == "/api/version":
            self._json(200, {"version": VERSION})
        elif self.path == "/api/tags":
            self._json(200, {"models": [self.server.model.listed()]})
        else:
            self._json(404, {"error": f"{self.path} is not served here"})

    def do_POST(self) -> None:
        actions: dict[str, Callable[[Any], None]] = {
            "/api/show": self._show,
            "/api/generate": lambda body: self._answer(GenerateRequest.model_validate(body)),
            "/api/chat": lambda body: self._answer(ChatRequest.model_validate(body)),
        }
        try:
            body = self._body()
            if self.path not in actions:
                raise _RefusedError(404, f"{self.path} is not served here")
            actions[self.path](body)
        except ValidationError as error:
            fault = error.errors()[0]
            where = ".".join(map(str, fault["loc"])) or "the request"
            self._json(400, {"error": f"{where}: {fault['msg']}"})
        except _RefusedError as refused:
            self._json(refused.status, {"error": str(refused)})

    def _body(self) -> Any:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > _MAX_BODY_BYTES:
            self.close_connection = True
            raise _RefusedError(413, f"the request is larger than {_MAX_BODY_BYTES} bytes")
        try:
            return json.loads(self.rfile.read(int(length)))
        except ValueError as error:
            raise _RefusedError(400, f"the request is not JSON: {error}") from error

    def _show(self, body: Any) -> None:
        self._json(200, self._known(ShowRequest.model_validate(body).model).shown())

    def _answer(self, request: GenerateRequest | ChatRequest) -> None:
        model = self._known(request.model)
        prompt = request.text()
        if not prompt:  # Ollama's way to load a model
            self._json(200, model.line(request.said(""), done=True, done_reason="load"))
            return
        began = time.perf_counter()
        stream = _Stream(self) if request.stream is not False else None
        pieces: list[str] = []

        def on_text(text: str) -> bool:
            pieces.append(text)
            if stream and text:
                stream.send(model.line(request.said(text), done=False))
            return not _hung_up(self.connection)

        with self.server.turn:
            if _hung_up(self.connection):
                self.close_connection = True
                return
            try:
                completion = self.server.engine.complete(prompt, request.engine_options(), on_text)
            except EngineError as error:
                if stream is None or not stream.begun:
                    raise _RefusedError(400, str(error)) from error
                stream.send({"error": str(error)})
                stream.end()
                return
        seconds = time.perf_counter() - began
        said = request.said("" if stream else "".join(pieces))
        last = model.last_line(said, completion, seconds)
        if stream:
            stream.send(last)
            stream.end()
        else:
            self._json(200, last)

    def _known(self, name: str) -> ServedModel:
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
        """Keep no log of requests: they would only swell the log of the server's own faults."""


class _Stream:
    """Newline-delimited JSON in HTTP chunks.

    The status goes out with the first line, so that a request which the engine refuses at once
    is still answered with an error status.
    """

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self.begun = False

    def send(self, line: Mapping[str, Any]) -> None:
        with suppress(ConnectionError):  # noticed by _hung_up, which ends the generation
            if not self.begun:
                self.begun = True
                self._handler.send_response(200)
                self._handler.send_header("Content-Type", "application/x-ndjson")
                self._handler.send_header("Transfer-Encoding", "chunked")
                self._handler.end_headers()
            data = json.dumps(line).encode() + b"\n"
            self._handler.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def end(self) -> None:
        with suppress(ConnectionError):
            self._handler.wfile.write(b"0\r\n\r\n")


def _hung_up(connection: socket.socket) -> bool:
    """Tell whether the client has gone, so that nobody waits for the rest."""
    with suppress(OSError):
        readable, _, _ = select.select([connection], [], [], 0)
        return bool(readable) and connection.recv(1, socket.MSG_PEEK) == b""
    return True
