"""The model in a worker's memory: one at a time, loaded once and verified."""

import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from threads_pipelines import settings
from threads_pipelines.errors import ArtefactError
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore

MODEL = "model.npz"

_LOCK = threading.Lock()
_held: dict[str, Model] = {}


def artefact_store() -> ArtefactStore:
    """Open the versions in the bucket that this process's environment names.

    Returns:
        The versions.
    """
    given = settings.load()
    return _opened(given.s3, given.state_dir / "scratch")


@cache
def _opened(given: S3Settings, scratch: Path) -> ArtefactStore:
    """Open a client once per worker, because opening takes longer than ranking a small shard."""
    return ArtefactStore(ObjectStore(given), scratch)


def model_of(
    store: ArtefactStore, partition: str, version: str, checksum: str, chosen: Mapping[str, Any]
) -> Model:
    """Load the model of a version; another model in memory is freed first.

    Args:
        store: The versions.
        partition: The day.
        version: Name of the version.
        checksum: SHA-256 of its model file in hexadecimal.
        chosen: Its settings as stored.

    Returns:
        The model.

    Raises:
        ArtefactError: The stored model is another one, or damaged.
    """
    key = f"{partition}/{version}/{checksum} {sorted(chosen.items())}"
    with _LOCK:
        if key not in _held:
            _held.clear()
            found = store.manifest(partition, version).files.get(MODEL)
            if found is None or found.sha256 != checksum:
                raise ArtefactError(
                    f"{partition}/{version} has another model than its shards were made for: "
                    "materialize recommendations again"
                )
            arrays = store.load_arrays(partition, MODEL, version)
            _held[key] = Model.from_arrays(arrays, RecommenderSettings.from_stored(chosen))
        return _held[key]


def release_model() -> None:
    """Free the model that this process holds."""
    with _LOCK:
        _held.clear()
