"""A TCP proxy that at a word swallows everything: open connections and new ones fall silent."""

import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests.storage.running_proxy import running

_BLOCK = 65536


class SwallowingProxy:
    """Forward TCP connections on 127.0.0.1 to a port of it, until ``swallow``."""

    def __init__(self, port: int) -> None:
        """Listen on a free port; ``port`` is the server's."""
        self._server = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._swallowing = threading.Event()
        self._ended = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def port(self) -> int:
        """Port that clients use."""
        return int(self._listener.getsockname()[1])

    def swallow(self) -> None:
        """Read on and forward nothing; accept new connections and answer nothing."""
        self._swallowing.set()

    def serve(self) -> None:
        """Accept connections until ``close``."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                thread = threading.Thread(target=self._forward, args=(client,))
                thread.start()
                self._threads.append(thread)

    def close(self) -> None:
        """End every connection."""
        self._ended.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def release(self) -> None:
        """Wait for what forwards."""
        for thread in self._threads:
            thread.join()

    def _forward(self, client: socket.socket) -> None:
        with (
            client,
            socket.create_connection(("127.0.0.1", self._server)) as server,
            selectors.DefaultSelector() as ready,
        ):
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            with suppress(OSError):
                while not self._ended.is_set():
                    for key, _ in ready.select(0.2):
                        data = key.fileobj.recv(_BLOCK)  # type: ignore[union-attr]  # a socket
                        if not data:
                            return
                        if not self._swallowing.is_set():
                            key.data.sendall(data)


@contextmanager
def swallowing_proxy(port: int) -> Iterator[SwallowingProxy]:
    """A running proxy before a port of this machine."""
    proxy = SwallowingProxy(port)
    with running(proxy):
        yield proxy
