"""Reads the app for a refresh, with the help of the last refresh's reading."""

from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from threads_pipelines import settings
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.errors import ArtefactError, DataError
from threads_pipelines.storage.postgres.reading.kept import KeptInteractions
from threads_pipelines.storage.postgres.reading.snapshot import Reading, read_changes
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.refreshes.last_reading import load_reading, save_reading


def read_for_refresh(
    context: dg.AssetExecutionContext,
    engine: Any,
    store: ArtefactStore,
    night: VersionFacts,
    now: datetime,
) -> Reading:
    """Read what changed since the last refresh, or everything if that is not possible.

    Args:
        context: Context of the asset, for its log.
        engine: The app's database.
        store: The versions.
        night: Facts of the night that is served.
        now: Instant up to which to read, with a time zone.

    Returns:
        The snapshot, and how it was read.
    """
    kept, scratch = None, settings.load().state_dir / "scratch"
    try:
        arrays = load_reading(store.objects, scratch)
        kept = KeptInteractions.from_arrays(arrays) if arrays is not None else None
    except (ArtefactError, DataError) as error:
        context.log.warning(f"What the last refresh read cannot be used: {error}")
    read = night.read
    # Where real accounts existed, the night had been told; else the data decides, as at night.
    included = read.synthetic_included if read and read.real_accounts else None
    reading = read_changes(
        engine,
        round(now.timestamp()),
        timedelta(days=night.look_back_days),
        kept,
        include_synthetic=included,
        progress=context.log.info,
    )
    save_reading(store.objects, reading.kept.to_arrays(), scratch)
    changes = reading.changes
    context.log.info(
        f"Everything was read: {changes.full}"
        if changes.full
        else f"{changes.newer:,} newer interactions were read, and {changes.read_anew:,} of "
        f"{changes.accounts_read_anew:,} accounts whose older ones changed"
    )
    return reading
