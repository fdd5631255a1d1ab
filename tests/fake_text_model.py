"""A stand-in for a text model's server that must be forced to say or to do something."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Literal

ENDLESS = 100_000
"""Pieces of an answer that nobody waits for."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the server does.

    answer: each piece of an answer, of which there are ``pieces``, ``pause`` seconds apart.
    instructed: whether the model has a chat template. dies_after: answers before the server is
    killed in the middle of one. fault: what goes wrong with every request. capabilities: what the
    model can do, as /api/show lists it. thoughts: pieces of thinking before the answer, unless the
    request forbids them. listed: digests by name.
    """

    answer: str = "word "
    pieces: int = 1
    pause: float = 0.0
    instructed: bool = False
    dies_after: int | None = None
    fault: Literal["", "missing", "broken", "garbage", "silent"] = ""
    capabilities: tuple[str, ...] = ("completion",)
    thoughts: int = 0
    listed: tuple[tuple[str, str], ...] = ()


class FakeTextModelServer(ThreadingHTTPServer):
    """Speaks enough of Ollama's API to misbehave; ``prompts`` are those it was asked."""

    daemon_threads = True

    def __init__(self, behaviour: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour
        self.prompts: list[str] = []

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeTextModelServer

    def do_GET(self) -> None:
        listed = self.server.behaviour.listed
        self._send(200, {"models": [{"model": name, "digest": digest} for name, digest in listed]})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        behaviour = self.server.behaviour
        if behaviour.fault == "missing":
            self._send(404, {"error": "model 'gemma' not found"})
        elif self.path == "/api/show":
            template = "<start_of_turn>user {{ .Prompt }}" if behaviour.instructed else ""
            can = {"capabilities": behaviour.capabilities}
            self._send(200, {"template": template, "model_info": {}, **can})
        elif behaviour.fault == "broken":
            self._send(500, {"error": "out of memory"})
        elif behaviour.fault == "garbage":
            self._answer([b"<html>not an API</html>\n"])
        elif behaviour.fault == "silent":
            time.sleep(1.0)
        else:
            self._generate(asked["prompt"], thinks=asked.get("think") is not False)

    def _generate(self, prompt: str, *, thinks: bool) -> None:
        behaviour, prompts = self.server.behaviour, self.server.prompts
        prompts.append(prompt)
        if behaviour.dies_after is not None and len(prompts) > behaviour.dies_after:
            self.connection.close()  # killed in the middle of an answer
            return
        line = json.dumps({"model": "gemma", "response": behaviour.answer}) + "\n"
        thought = json.dumps({"model": "gemma", "response": "", "thinking": "hm"}) + "\n"
        thoughts = [thought.encode()] * (behaviour.thoughts if thinks else 0)
        self._answer([*thoughts, *[line.encode()] * behaviour.pieces], behaviour.pause)

    def _answer(self, lines: list[bytes], pause: float = 0.0) -> None:
        self.send_response(200)
        self.end_headers()
        with suppress(ConnectionError):  # the client has heard enough
            for line in lines:
                self.wfile.write(line)
                time.sleep(pause)

    def _send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@contextmanager
def text_model_servers() -> Iterator[Callable[[Behaviour], FakeTextModelServer]]:
    """Give a function that starts a server; all of them are stopped at the end."""
    servers: list[FakeTextModelServer] = []

    def start(behaviour: Behaviour) -> FakeTextModelServer:
        server = FakeTextModelServer(behaviour)
        servers.append(server)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
