"""Completions kept in memory, for tests."""

from collections.abc import MutableMapping


class MemoryStore:
    """Keeps completions in a mapping, for as long as that lives."""

    def __init__(self, entries: MutableMapping[str, bytes] | None = None) -> None:
        self._entries = {} if entries is None else entries

    def get(self, key: str) -> bytes | None:
        """Return what was put under ``key``, or None."""
        return self._entries.get(key)

    def put(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key``."""
        self._entries[key] = data
