"""A few threads that share one stream of work, each with a connection of its own."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Worker = Callable[[Item], Result]


class Crew(Generic[Item, Result]):
    """Works off a stream; the stream itself is advanced by one thread at a time.

    hire: opens what a thread needs and yields its function; called once by each thread that works.
    """

    def __init__(
        self,
        stream: Iterator[Item],
        size: int,
        hire: Callable[[], AbstractContextManager[Worker[Item, Result]]],
    ) -> None:
        if size < 1:
            raise ValueError(f"a crew of {size}: at least 1 is needed")
        self._stream, self._hire = stream, hire
        self._size = size
        self._taking = threading.Lock()
        self._stop = threading.Event()
        self._done: queue.SimpleQueue[tuple[str, Result | BaseException | None]] = (
            queue.SimpleQueue()
        )

    def run(self, idle: Callable[[], None] | None = None, every: float = 15.0) -> Iterator[Result]:
        """Yield results as they come; raise the first failure after all threads have ended.

        idle: called when ``every`` seconds passed without a result.
        """
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(self._size)]
        for thread in threads:
            thread.start()
        working = self._size
        try:
            while working:
                try:
                    kind, result = self._done.get(timeout=every)
                except queue.Empty:
                    if idle:
                        idle()
                    continue
                if isinstance(result, BaseException):
                    raise result
                if kind == "end":
                    working -= 1
                else:
                    yield result  # type: ignore[misc]  # of kind "result", so never None
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()

    def _work(self) -> None:
        try:
            item = self._next()
            if item:
                with self._hire() as work:
                    while item:
                        self._done.put(("result", work(item[0])))
                        item = self._next()
            self._done.put(("end", None))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._done.put(("error", error))

    def _next(self) -> list[Item]:
        """The next item in a list, or an empty list at the end."""
        with self._taking:
            if self._stop.is_set():
                return []
            for item in self._stream:
                return [item]
            return []
