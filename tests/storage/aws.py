"""A stand-in for AWS S3, whose rules about regions no server that can be had here has."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(slots=True)
class FakeAws:
    """Buckets by name with their region, and the headers of the requests."""

    url: str
    buckets: dict[str, str] = field(default_factory=dict)
    headers: list[dict[str, str]] = field(default_factory=list)


@contextmanager
def fake_aws() -> Iterator[FakeAws]:
    """Yield a running server: it makes and finds buckets, and nothing else."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            aws.headers.append(dict(self.headers))
            self._answer(200 if self._bucket() in aws.buckets else 404, b"")

        def do_PUT(self) -> None:
            aws.headers.append(dict(self.headers))
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            constraint = re.search("<LocationConstraint>(.*)</LocationConstraint>", body)
            region = self.headers["Authorization"].split("/")[2]
            asked = constraint[1] if constraint else "us-east-1"
            if asked != region or (constraint and asked == "us-east-1"):
                code = b"<Error><Code>IllegalLocationConstraintException</Code></Error>"
                self._answer(400, code)
            else:
                aws.buckets[self._bucket()] = region
                self._answer(200, b"")

        def _bucket(self) -> str:
            return self.path.strip("/").partition("?")[0]

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *arguments: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    aws = FakeAws(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield aws
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
