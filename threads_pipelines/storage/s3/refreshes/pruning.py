"""Deletes refreshes that are past their retention."""

from datetime import UTC, datetime, timedelta

from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.refreshes.record import forget_refreshes, read_refreshes


def prune_refreshes(store: ArtefactStore, now: datetime, keep: timedelta) -> int:
    """Delete the files and records of old refreshes, published or not, but never of the latest one.

    The records are deleted first, so that whoever reads a record finds its files. Files that an
    interrupted deletion leaves are pruned with other old versions.

    Args:
        store: The versions.
        now: The time, with a time zone.
        keep: How long refreshes are kept.

    Returns:
        Number of deleted refreshes.
    """
    old = [one for one in read_refreshes(store.objects)[:-1] if now - _aware(one.as_of) > keep]
    if old:
        forget_refreshes(store.objects, [one.version for one in old])
    for one in old:
        store.objects.delete_prefix(f"models/{one.partition}/{one.version}/")
    return len(old)


def _aware(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
