"""Reads the app for a refresh, with the help of the last refresh's reading."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from threads_pipelines.dataset.read_report import ReadReport
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.errors import ArtefactError, DataError
from threads_pipelines.storage.postgres.reading.delta import Changes
from threads_pipelines.storage.postgres.reading.kept import KeptInteractions
from threads_pipelines.storage.postgres.reading.snapshot import read_changes
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.refreshes.last_reading import load_reading, save_reading

if TYPE_CHECKING:
    import sqlalchemy as sa


def read_for_refresh(
    engine: "sa.Engine",
    store: ArtefactStore,
    night: VersionFacts,
    now: datetime,
    scratch: Path,
    progress: Callable[[str], None],
) -> tuple[Snapshot, ReadReport, Changes]:
    """Read what changed since the last refresh, or everything if that is not possible.

    What the next refresh needs is stored, and not held in memory.

    Args:
        engine: The app's database.
        store: The versions.
        night: Facts of the night that is served.
        now: Instant up to which to read, with a time zone.
        scratch: Folder for temporary files.
        progress: Told what was done.

    Returns:
        The snapshot, what was found, and how the interactions were read.
    """
    kept = None
    try:
        arrays = load_reading(store.objects, scratch)
        kept = KeptInteractions.from_arrays(arrays) if arrays is not None else None
    except (ArtefactError, DataError) as error:
        logging.getLogger(__name__).warning("The last reading cannot be used: %s", error)
    read = night.read
    # Where real accounts existed, the night had been told; else the data decides, as at night.
    included = read.synthetic_included if read and read.real_accounts else None
    reading = read_changes(
        engine,
        round(now.timestamp()),
        timedelta(days=night.look_back_days),
        kept,
        include_synthetic=included,
        progress=progress,
    )
    save_reading(store.objects, reading.kept.to_arrays(), scratch)
    changes = reading.changes
    progress(
        f"Everything was read: {changes.full}"
        if changes.full
        else f"{changes.newer:,} newer interactions were read, and {changes.read_anew:,} of "
        f"{changes.accounts_read_anew:,} accounts whose older ones changed"
    )
    return reading.snapshot, reading.report, changes
