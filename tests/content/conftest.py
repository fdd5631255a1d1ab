"""The seeds of the repository, and stand-ins for a text model that must be forced to fail."""

import json
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from threads_pipelines import settings
from threads_pipelines.content.seeds import SeedPost, parse_seed_posts
from threads_pipelines.content.text_model import CompletionOptions
from threads_pipelines.errors import TextModelError


@pytest.fixture(scope="session")
def seeds() -> tuple[SeedPost, ...]:
    path = settings.SEEDS_DIR / "seed_posts.json"
    return parse_seed_posts(path.read_bytes(), path.name)


class FakeTextModel:
    """Answers what it is told to, so that the guards can be shown any text."""

    identity = "fake@0"

    def __init__(
        self, answer: str | Callable[[str], str], *, follows_instructions: bool = False
    ) -> None:
        self._answer = answer
        self.follows_instructions = follows_instructions
        self.prompts: list[str] = []

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        self.prompts.append(prompt)
        return self._answer(prompt) if callable(self._answer) else self._answer


class FailingTextModel:
    """A model that breaks down after so many good answers."""

    identity = "failing@0"
    follows_instructions = False

    def __init__(self, good: int = 0) -> None:
        self.good = good

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        self.good -= 1
        if self.good < 0:
            raise TextModelError("the text model's server does not answer")
        names = ("Ada", "Ben", "Cem", "Dua", "Eli", "Fay", "Gil", "Hua")
        return f" warm bread with {names[self.good % 8]} and butter."


class FakeTextModelServer(ThreadingHTTPServer):
    """Speaks enough of Ollama's API to misbehave: slow, endless, broken or without the model."""

    daemon_threads = True

    def __init__(self, behaviour: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour = behaviour

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FakeTextModelServer

    def do_GET(self) -> None:
        self._send(200, {"models": []})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        behaviour = self.server.behaviour
        if behaviour == "missing":
            self._send(404, {"error": "model 'gemma' not found"})
        elif self.path == "/api/show":
            template = "<start_of_turn>user" if behaviour == "instructed" else ""
            self._send(200, {"template": template, "model_info": {}})
        elif behaviour == "broken":
            self._send(500, {"error": "out of memory"})
        elif behaviour == "garbage":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"<html>not an API</html>\n")
        elif behaviour == "silent":
            time.sleep(1.0)
        else:
            self._generate(pause=0.02 if behaviour == "slow" else 0.0)

    def _generate(self, pause: float) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            for _ in range(100_000):
                line = {"model": "gemma", "response": "word " if not pause else "w"}
                self.wfile.write(json.dumps(line).encode() + b"\n")
                time.sleep(pause)
        except ConnectionError:
            return  # the client has heard enough

    def _send(self, status: int, answer: Any) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
def model_server() -> Iterator[Callable[[str], FakeTextModelServer]]:
    servers: list[FakeTextModelServer] = []

    def start(behaviour: str) -> FakeTextModelServer:
        server = FakeTextModelServer(behaviour)
        servers.append(server)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
