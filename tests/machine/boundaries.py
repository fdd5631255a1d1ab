"""The boundaries of a run: every SQL statement, S3 request and file rename, counted and cut.

Installed in a process, ``Boundaries`` is told of each before it happens. What it does there, such
as to end the process or to refuse all that follows, is the trial's matter.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
import s3transfer.utils
from botocore.httpsession import URLLib3Session
from psycopg2 import extensions

from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.postgres.schema import connections_to

Before = Callable[[int, str, str], None]
After = Callable[[str, str], None]


@dataclass
class Boundaries:
    """Count the boundaries from 1 on.

    Args:
        before: Called with number, kind (``sql``, ``s3`` or ``rename``) and text of each one.
        after: Called with kind and text where it has passed without an error.
    """

    before: Before = lambda _number, _kind, _text: None
    after: After = lambda _kind, _text: None
    number: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def passing(self, kind: str, text: str, action: Callable[[], Any]) -> Any:
        """Pass one boundary: count it, and do what is behind it."""
        with self._lock:
            self.number += 1
            self.kinds[kind] += 1
            number = self.number
        self.before(number, kind, text)
        result = action()
        self.after(kind, text)
        return result

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Watch this process until the patch is undone."""
        send = URLLib3Session.send
        bound, passing = connections_to, self.passing

        def counted_send(session: URLLib3Session, request: Any) -> Any:
            text = f"{request.method} {request.url}"
            return passing("s3", text, lambda: send(session, request))

        def counted_connections(address: Any) -> type[extensions.connection]:
            return _counting(bound(address), passing)

        def renaming(original: Callable[..., Any]) -> Callable[..., Any]:
            def rename(*given: Any, **named: Any) -> Any:
                return passing("rename", str(given[-1]), lambda: original(*given, **named))

            return rename

        patch.setattr(URLLib3Session, "send", counted_send)
        patch.setattr(database, "connections_to", counted_connections)
        # boto3 keeps a reference of its own to ``os.rename``.
        for module, name in ((os, "rename"), (os, "replace"), (s3transfer.utils, "rename_file")):
            patch.setattr(module, name, renaming(getattr(module, name)))


def _counting(
    base: type[extensions.connection], passing: Callable[[str, str, Callable[[], Any]], Any]
) -> type[extensions.connection]:
    """A class of connections whose every statement is a boundary, COMMIT and ROLLBACK too."""

    class CountedConnection(base):  # type: ignore[valid-type, misc]
        def cursor(self, *args: Any, **named: Any) -> Any:
            return _CountedCursor(super().cursor(*args, **named), passing)

        def commit(self) -> None:
            passing("sql", "COMMIT", super().commit)

        def rollback(self) -> None:
            passing("sql", "ROLLBACK", super().rollback)

    return CountedConnection


class _CountedCursor:
    """Stand before a cursor: whatever it sends is a boundary."""

    def __init__(self, cursor: Any, passing: Callable[[str, str, Callable[[], Any]], Any]) -> None:
        self._cursor, self._passing = cursor, passing

    def execute(self, query: Any, given: Any = None) -> None:
        self._passing("sql", _text(query), lambda: self._cursor.execute(query, given))

    def executemany(self, query: Any, given: Any) -> None:
        self._passing("sql", _text(query), lambda: self._cursor.executemany(query, given))

    def copy_expert(self, query: Any, file: Any, size: int = 8192) -> None:
        self._passing("sql", _text(query), lambda: self._cursor.copy_expert(query, file, size))

    def __enter__(self) -> "_CountedCursor":
        return self

    def __exit__(self, *_error: object) -> None:
        self._cursor.close()

    def __iter__(self) -> Any:
        return iter(self._cursor)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def _text(query: Any) -> str:
    return query if isinstance(query, str) else repr(query)
