"""Ends a run whose databases do not answer any more."""

import threading
import time
from collections.abc import Callable, Mapping

from threads_pipelines.errors import ThreadsPipelinesError
from threads_pipelines.storage.postgres import database

_PAUSE = 1.0
_BUSY = ("too many clients", "too many connections", "connection slots", "no more connections")
"""Answers of a server, or of a pooler, that works and takes no further connection."""


class SilenceWatch:
    """Ask databases again and again, each question on a new connection of its own.

    Dagster waits for its storage for minutes, and a connection whose packets are swallowed waits
    for ever where something between acknowledges them.
    """

    def __init__(
        self, addresses: Mapping[str, str], seconds: float, end: Callable[[str], None]
    ) -> None:
        """Prepare the watch.

        Args:
            addresses: SQLAlchemy addresses by what the databases are, in words.
            seconds: Longest time without an answer.
            end: Called once, from a thread, with what is wrong.
        """
        self._engines = {name: database.connect(url) for name, url in addresses.items()}
        self._seconds = seconds
        self._end = end
        self._answered = dict.fromkeys(addresses, time.monotonic())
        self._errors: dict[str, str] = {}
        self._over = threading.Event()

    def __enter__(self) -> "SilenceWatch":
        """Begin to ask."""
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        """Ask no more."""
        self._over.set()

    def fault(self) -> str | None:
        """Ask every database now.

        Returns:
            What is wrong; None if each answers.
        """
        for name in self._engines:
            self._ask(name)
            if name in self._errors:
                return self._words(name)
        return None

    def _watch(self) -> None:
        while not self._over.is_set():
            for name in self._engines:
                # A question that is swallowed, too, must not hold up the next one.
                threading.Thread(target=self._ask, args=(name,), daemon=True).start()
            self._over.wait(max(_PAUSE, self._seconds / 6))
            for name, at in self._answered.items():
                if not self._over.is_set() and time.monotonic() - at > self._seconds:
                    self._end(self._words(name))
                    return

    def _ask(self, name: str) -> None:
        try:
            with (
                database.session(self._engines[name]) as connection,
                connection.cursor() as cursor,
            ):
                cursor.execute("SELECT 1")
        except ThreadsPipelinesError as error:
            if not any(words in str(error) for words in _BUSY):
                self._errors[name] = str(error)
                return
        self._answered[name] = time.monotonic()
        self._errors.pop(name, None)

    def _words(self, name: str) -> str:
        return f"{name} does not answer: {self._errors.get(name, 'it is silent')}"
