"""Runs a proxy of these tests in a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar


class Proxy(Protocol):
    """What both proxies have in common."""

    def serve(self) -> None:
        """Accept connections until ``close``."""

    def close(self) -> None:
        """Accept no more connections."""

    def release(self) -> None:
        """Wait for the connections to end."""


P = TypeVar("P", bound=Proxy)


@contextmanager
def running(proxy: P) -> Iterator[P]:
    """Run a proxy until the end of the block."""
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
        proxy.release()
