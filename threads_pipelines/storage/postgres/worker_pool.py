"""A pool of threads that share one stream of work, each with a connection of its own."""

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Worker = Callable[[Item], Result]


class WorkerPool(Generic[Item, Result]):
    """Process the items of one stream in several threads; one thread at a time advances the stream.

    Args:
        stream: The items to process. It is read lazily.
        size: Number of threads, at least 1.
        open_worker: Opens what a thread needs, such as a connection, and yields the function that
            processes one item. Each thread that gets an item calls it once.

    Raises:
        ValueError: ``size`` is less than 1.
    """

    def __init__(
        self,
        stream: Iterator[Item],
        size: int,
        open_worker: Callable[[], AbstractContextManager[Worker[Item, Result]]],
    ) -> None:
        if size < 1:
            raise ValueError(f"a pool of {size} workers: at least 1 is needed")
        self._stream, self._open_worker = stream, open_worker
        self._size = size
        self._taking = threading.Lock()
        self._stop = threading.Event()
        self._done: queue.SimpleQueue[tuple[str, Result | BaseException | None]] = (
            queue.SimpleQueue()
        )

    def run(self, idle: Callable[[], None] | None = None, every: float = 15.0) -> Iterator[Result]:
        """Start the threads and yield results as they are ready.

        Args:
            idle: Called each time ``every`` seconds pass without a result.
            every: Seconds between two calls of ``idle``.

        Yields:
            The result of each item, in the order of completion.

        Raises:
            BaseException: The first failure of a thread, after all threads have ended.
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
                with self._open_worker() as work:
                    while item:
                        self._done.put(("result", work(item[0])))
                        item = self._next()
            self._done.put(("end", None))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._done.put(("error", error))

    def _next(self) -> list[Item]:
        """Return the next item in a list, or an empty list at the end of the stream."""
        with self._taking:
            if self._stop.is_set():
                return []
            for item in self._stream:
                return [item]
            return []
