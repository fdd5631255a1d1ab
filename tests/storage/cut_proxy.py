"""An HTTP proxy before an S3 server that makes the writer die at a chosen byte of a request."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from tests.storage.running_proxy import running

When = Literal["before headers", "in headers", "after headers", "in body", "before the answer"]
CLASSES: tuple[When, ...] = (
    "before headers",
    "in headers",
    "after headers",
    "in body",
    "before the answer",
)
_BLOCK, _END = 65536, b"\r\n\r\n"
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


@dataclass
class CutProxy:
    """Forward HTTP requests to ``server``; at one request cut every connection, for good.

    A kernel closes the connections of a killed process in the same way.

    Args:
        server: Host and port of the server.
        request: Number of the request to cut, counted from 1; 0 cuts none.
        when: Which byte of that request is the last one that the server sees.
    """

    server: tuple[str, int]
    request: int = 0
    when: When = "before headers"
    requests: int = 0
    dead: bool = False
    _listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    _open: list[socket.socket] = field(default_factory=list)
    _threads: list[threading.Thread] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def address(self) -> str:
        """The proxy as an endpoint URL."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Accept connections until the listener is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                if self.dead:
                    client.close()
                    continue
                upstream = socket.create_connection(self.server)
                self._open += [client, upstream]
                thread = threading.Thread(target=self._forward, args=(client, upstream))
                thread.start()
                self._threads.append(thread)

    def cut(self) -> None:
        """End every connection, and every later one at once."""
        self.dead = True
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stop serving and end what is open."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def release(self) -> None:
        """Close the sockets once nobody uses them."""
        for thread in self._threads:
            thread.join()
        for one in self._open:
            one.close()

    def _forward(self, client: socket.socket, upstream: socket.socket) -> None:
        with suppress(OSError):
            while self._one_request(client, upstream):
                pass

    def _one_request(self, client: socket.socket, upstream: socket.socket) -> bool:
        """Forward one request and its answer; False where the connection ended or was cut."""
        head, body = _until(client, _END)
        if not head:
            return False
        with self._lock:
            self.requests += 1
            when = self.when if self.requests == self.request else None
        if when != "before headers":
            upstream.sendall(head[:-9] if when == "in headers" else head)
        if when in ("before headers", "in headers", "after headers"):
            self.cut()
            return False
        if b"100-continue" in head:
            client.sendall(_until(upstream, _END)[0])
        size = _length(head) // (2 if when == "in body" else 1)
        _copy(client, upstream, body, size)
        if when == "in body":
            self.cut()
            return False
        answer, content = _until(upstream, _END)
        if when == "before the answer":
            self.cut()
            return False
        client.sendall(answer)
        _copy(upstream, client, content, 0 if head.startswith(b"HEAD") else _length(answer))
        return True


def _length(head: bytes) -> int:
    found = _LENGTH.search(head)
    return int(found[1]) if found else 0


def _copy(source: socket.socket, target: socket.socket, read: bytes, size: int) -> None:
    """Copy ``size`` bytes, of which ``read`` were read already."""
    data = read[:size]
    target.sendall(data)
    size -= len(data)
    while size > 0 and (data := source.recv(min(size, _BLOCK))):
        target.sendall(data)
        size -= len(data)


def _until(source: socket.socket, end: bytes) -> tuple[bytes, bytes]:
    """Read up to and with an end mark, and what came behind it; empty at the connection's end."""
    data = b""
    while end not in data:
        more = source.recv(_BLOCK)
        if not more:
            return b"", b""
        data += more
    head, _, rest = data.partition(end)
    return head + end, rest


@contextmanager
def cut_proxy(server: str, request: int = 0, when: When = "before headers") -> Iterator[CutProxy]:
    """A running proxy before the server at an endpoint URL."""
    parts = urlsplit(server)
    assert parts.hostname
    assert parts.port
    proxy = CutProxy((parts.hostname, parts.port), request, when)
    with running(proxy):
        yield proxy
