"""A real HTTP server on loopback that keeps what it is sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class Receiver:
    """What came in, and the statuses to answer with (the last one for ever)."""

    url: str
    statuses: list[int]
    requests: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """The texts of the alerts."""
        return [json.loads(body)["text"] for _, _, body in self.requests]


@contextmanager
def receiving(*statuses: int) -> Iterator[Receiver]:
    """Yield a running server."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length).decode()
            receiver.requests.append((self.command, self.path, body))
            left = receiver.statuses
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        do_POST = do_PUT = answer  # noqa: N815 - the names that http.server calls

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}", list(statuses) or [200])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
