"""Ranking by shards: each is a range of users, whose rows become one stored part."""

import hashlib
import json
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from threads_pipelines.errors import ArtefactError
from threads_pipelines.recommender.model import recommend_chunks
from threads_pipelines.shards.executors import run_tasks
from threads_pipelines.shards.models import MODEL, artefact_store, model_of, release_model
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.scored import PARTS
from threads_pipelines.storage.s3.versions.manifest import Manifest, StoredFile
from threads_pipelines.storage.s3.versions.parts import find_part, save_part, set_parts
from threads_pipelines.storage.s3.versions.scored_file import write_scored

SHARDS = 64
"""Ranges of users, whatever the number of workers: the same parts come out of any cluster."""
_FORMAT = "1"
"""Changes where the same inputs would give other parts: those of before are not used again."""


@dataclass(frozen=True, slots=True)
class RankShard:
    """One task: rank for the users in rows ``low`` to ``high`` of a version's model.

    Attributes:
        model: SHA-256 of the model file in hex.
        settings: The version's settings as they are stored.
        top_k: Posts a user.
        chunk: Users that are scored at a time.
        name: File of the version that the rows are stored as.
    """

    partition: str
    version: str
    model: str
    settings: Mapping[str, Any]
    top_k: int
    chunk: int
    low: int
    high: int
    name: str


def rank_version(
    store: ArtefactStore,
    executor: Executor,
    manifest: Manifest,
    users: int,
    top_k: int,
    chunk: int,
    progress: Callable[[str], None] = lambda _message: None,
) -> Manifest:
    """Rank for every user of a version, and name the stored rows in its manifest.

    After a kill, shards whose part is stored are not ranked again. If the manifest already names
    the parts, all are ranked again.

    Args:
        store: The versions.
        executor: Runs the shards.
        manifest: Manifest of the version, with settings and model.
        users: Number of users of the model.
        top_k: Posts for each user, at least 1.
        chunk: Users in a chunk, at least 1; it bounds the memory.
        progress: Called with one sentence for each finished shard.

    Returns:
        The stored manifest.

    Raises:
        ArtefactError: The version has no model or settings, or one is damaged.
        SchedulerError: The workers or their scheduler are gone.
    """
    tasks = shards_of(manifest, users, top_k, chunk)
    if PARTS + tasks[0].name in manifest.files:
        set_parts(store, manifest.partition, manifest.version, {})
    parts: dict[str, StoredFile] = {}
    rows = 0
    try:
        for task, part in run_tasks(executor, rank_shard, tasks):
            parts[task.name] = part
            rows += part.rows or 0
            progress(f"{rows:,} rows of {len(parts)} of {len(tasks)} shards ranked")
    finally:
        release_model()
    return set_parts(store, manifest.partition, manifest.version, parts)


def shards_of(manifest: Manifest, users: int, top_k: int, chunk: int) -> list[RankShard]:
    """Cut the users of a version into ranges.

    The name of a part depends on everything that its rows depend on.

    Args:
        manifest: Manifest of the version, with settings and model.
        users: Number of users of the model.
        top_k: Posts for each user.
        chunk: Users in a chunk. The rows do not depend on it, but the names of the parts do.

    Returns:
        1 to ``SHARDS`` tasks.

    Raises:
        ArtefactError: The version has no model or no settings.
    """
    settings, model = manifest.facts.settings, manifest.files.get(MODEL)
    if settings is None or model is None:
        raise ArtefactError(f"{manifest.key} has no model: materialize knn_model first")
    given = [_FORMAT, model.sha256, dict(settings), users, top_k, chunk, SHARDS]
    digest = hashlib.sha256(json.dumps(given, sort_keys=True).encode()).hexdigest()[:16]
    bounds = np.unique(np.linspace(0, users, SHARDS + 1).astype(int)).tolist()
    ranges = list(pairwise(bounds)) or [(0, 0)]
    return [
        RankShard(
            manifest.partition, manifest.version, model.sha256, dict(settings), top_k, chunk,
            low, high, f"{digest}-{number:03d}.parquet",
        )
        for number, (low, high) in enumerate(ranges)
    ]  # fmt: skip


def rank_shard(task: RankShard) -> StoredFile:
    """Rank for the users of one shard and store their rows, unless they are stored.

    It runs in any process whose environment names the bucket.

    Args:
        task: The shard.

    Returns:
        The stored part: its checksum, size and rows.

    Raises:
        ArtefactError: The model is missing or damaged.
        ObjectStorageError: The bucket cannot be read or written.
    """
    store = artefact_store()
    found = find_part(store, task.partition, task.version, task.name)
    if found is not None:
        return found
    model = model_of(store, task.partition, task.version, task.model, task.settings)
    users = np.flatnonzero(model.receives[task.low : task.high]) + task.low
    chunks = recommend_chunks(model, task.top_k, task.chunk, users)
    return save_part(
        store, task.partition, task.version, task.name,
        lambda path: write_scored(path, chunks, model.user_ids, model.post_ids),
    )  # fmt: skip
