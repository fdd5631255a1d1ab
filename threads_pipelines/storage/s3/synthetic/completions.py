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
        """Read a completion.

        Args:
            key: Hash of the request.

        Returns:
            The stored bytes; None if there are none.
        """
        found = self._store.get_with_tag(self._key(key))
        return None if found is None else found[0]

    def put(self, key: str, data: bytes) -> None:
        """Store a completion.

        Args:
            key: Hash of the request.
            data: The bytes to store.
        """
        self._store.put(self._key(key), data, content_type="application/json")

    @staticmethod
    def _key(key: str) -> str:
        return f"cache/gemma/{key}.json"
