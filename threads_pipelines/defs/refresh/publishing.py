"""Publishes the checked rows of a refresh, and records that it did."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from threads_pipelines.storage.feeds_to_publish import stored_feeds
from threads_pipelines.storage.history import require_own
from threads_pipelines.storage.postgres.publishing.publish import PublishReport, publish
from threads_pipelines.storage.postgres.publishing.published import Publication, read_publication
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import Pin, read_pin
from threads_pipelines.storage.s3.refreshes.record import Refresh, record_refresh
from threads_pipelines.storage.s3.versions.checked import require_checked

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class PublishedRefresh:
    """What was published. as_of: aware. night: version that was refreshed.

    found: what the table holds of this generation.
    """

    as_of: datetime
    night: str
    report: PublishReport
    found: Publication


def publish_refresh(
    engine: "sa.Engine",
    store: ArtefactStore,
    partition: str,
    version: str,
    *,
    now: datetime,
    run_id: str,
    figures: Mapping[str, Any],
    ttl_hours: float,
    connections: int,
    wait_seconds: float,
    most_left_without: float,
    progress: Callable[[str], None],
) -> PublishedRefresh | Pin:
    """Publish a refresh as a newer generation of its people, or return the pin that forbids it.

    The pin is read here again: one that was set while the refresh was ranked holds.

    Args:
        engine: The app's database.
        store: Where the versions are.
        partition: Day of its night.
        version: The refresh.
        now: Aware.
        run_id: Of the run that publishes.
        figures: Numbers to record with the refresh.
        ttl_hours: Hours from the reading of the database until the rows expire.
        connections: Shards written at the same time, at least 1.
        wait_seconds: How long to wait for another publisher.
        most_left_without: Largest share of the people with a feed that may lose it, 0 to 1.
        progress: Told what was done.

    Returns:
        What was published, or the pin.

    Raises:
        ArtefactError: The version is gone or did not pass its checks.
        ForeignHistoryError: It was made from another database.
        PinError: It cannot be read which version is pinned.
        PublishBusyError: Another run publishes all the time.
        DatabaseError: The database fails.
    """
    pin = read_pin(store.objects)
    if pin is not None:
        return pin
    manifest = require_checked(store, partition, version)
    require_own(engine, store, manifest)
    facts = manifest.facts
    generated_at = facts.as_of.astimezone(UTC).replace(tzinfo=None)
    expires_at, naive = generated_at + timedelta(hours=ttl_hours), now.replace(tzinfo=None)
    with stored_feeds(store, manifest) as (tables, decided):
        report = publish(
            engine,
            tables,
            generated_at=generated_at,
            expires_at=expires_at,
            now=naive,
            run_id=run_id,
            connections=connections,
            wait_seconds=wait_seconds,
            decided=decided,
            most_left_without=most_left_without,
            progress=progress,
        )
    night, published_at = str(facts.parent), now.isoformat(timespec="seconds")
    record_refresh(
        store.objects,
        Refresh(partition, version, night, facts.as_of.isoformat(), published_at, figures),
    )
    found = read_publication(engine, generated_at, expires_at, naive)
    return PublishedRefresh(facts.as_of, night, report, found)
