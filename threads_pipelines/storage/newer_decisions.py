"""Whom newer versions left without rows: an older version, published late, gives them none.

The table keeps no trace of somebody without rows, so an older generation would find room there.
"""

from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.refreshes.record import published_refreshes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.versions.decided import has_decided, open_decided
from threads_pipelines.storage.s3.versions.manifest import Manifest


def left_without_since(store: ArtefactStore, as_of: datetime) -> pa.Array:
    """Find the accounts that a published version later than ``as_of`` left without rows.

    Args:
        store: The versions.
        as_of: The instant, with a time zone.

    Returns:
        Distinct ids, from the served night and the stored refreshes.

    Raises:
        ArtefactError: A file of such a version is missing or damaged.
    """
    found = pa.array([], pa.string())
    for manifest in _published(store):
        if manifest.facts.as_of > as_of and has_decided(manifest):
            found = pa.concat_arrays([found, _without_rows(store, manifest)])
    return pc.unique(found)


def _published(store: ArtefactStore) -> Iterator[Manifest]:
    active = read_registry(store.objects).active
    if active:
        yield store.manifest(active.partition, active.version)
    for refresh in published_refreshes(store.objects):
        yield store.manifest(refresh.partition, refresh.version)


def _without_rows(store: ArtefactStore, manifest: Manifest) -> pa.Array:
    column = ["user_id"]
    with (
        open_scored(store, manifest.partition, manifest.version) as rows,
        open_decided(store, manifest) as decided,
    ):
        served = [pc.unique(table["user_id"]) for table in batches(rows, column)]
        known = [table["user_id"].combine_chunks() for table in batches(decided, column)]
    everyone = pa.chunked_array(known, pa.string()).combine_chunks()
    with_rows = pa.chunked_array(served, pa.string()).combine_chunks()
    return everyone.filter(pc.invert(pc.is_in(everyone, value_set=with_rows)))
