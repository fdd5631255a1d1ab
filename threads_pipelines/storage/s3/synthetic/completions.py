"""Completions of the text model, cached on S3 so that no text is generated twice."""

from threads_pipelines.storage.s3.objects import ObjectStore


class StoredCompletions:
    """A completion store of the content room, in ``cache/gemma/<hash>.json``.

    Args:
        store: The bucket.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def get(self, key: str) -> bytes | None:
        """Implement ``CompletionStore.get``."""
        found = self._store.get_with_tag(self._key(key))
        return None if found is None else found[0]

    def put(self, key: str, data: bytes) -> None:
        """Implement ``CompletionStore.put``."""
        self._store.put(self._key(key), data, content_type="application/json")

    @staticmethod
    def _key(key: str) -> str:
        return f"cache/gemma/{key}.json"
