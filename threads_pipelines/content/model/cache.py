"""Caches completions by model, prompt, options and seed."""

import json
from typing import Protocol

from threads_pipelines.content.text_model import CompletionOptions, TextModel, completion_key


class CompletionStore(Protocol):
    """Storage of completions; the key is a hash of everything that a completion depends on."""

    def get(self, key: str) -> bytes | None:
        """Read an entry.

        Args:
            key: Hash of everything that the completion depends on.

        Returns:
            The stored bytes; None if there are none.
        """

    def put(self, key: str, data: bytes) -> None:
        """Store an entry. An existing value is equal, so either may stay.

        Args:
            key: Hash of everything that the completion depends on.
            data: The bytes.
        """


class CachedModel:
    """A text model with a cache. ``hits`` counts the calls that the cache answered.

    Args:
        model: The text model.
        store: The cache.
    """

    def __init__(self, model: TextModel, store: CompletionStore) -> None:
        self._model = model
        self._store = store
        self.identity = model.identity
        self.follows_instructions = model.follows_instructions
        self.hits = 0

    def complete(self, prompt: str, options: CompletionOptions) -> str:
        """Implement ``TextModel.complete`` with the cached completion, if there is one."""
        key = completion_key(self._model, prompt, options)
        kept = _text_of(self._store.get(key))
        if kept is not None:
            self.hits += 1
            return kept
        text = self._model.complete(prompt, options)
        entry = {"model": self.identity, "prompt": prompt, "seed": options.seed, "text": text}
        self._store.put(key, json.dumps(entry).encode())
        return text


def _text_of(data: bytes | None) -> str | None:
    """Decode an entry; a damaged one counts as missing and is replaced."""
    if data is None:
        return None
    try:
        text = json.loads(data)["text"]
    except (ValueError, KeyError, TypeError):
        return None
    return text if isinstance(text, str) else None
