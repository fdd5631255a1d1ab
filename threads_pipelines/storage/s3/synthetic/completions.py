"""Completions of the text model, kept on S3 so that no run pays for the same text twice."""

from threads_pipelines.storage.s3.objects import ObjectStore


class StoredCompletions:
    """``cache/gemma/<hash>.json``; what the content room calls a completion store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def get(self, key: str) -> bytes | None:
        """Return what was put under ``key``, or None."""
        found = self._store.get_with_tag(self._key(key))
        return None if found is None else found[0]

    def put(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key``."""
        self._store.put(self._key(key), data, content_type="application/json")

    @staticmethod
    def _key(key: str) -> str:
        return f"cache/gemma/{key}.json"
