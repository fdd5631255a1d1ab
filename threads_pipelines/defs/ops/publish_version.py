"""Publishes a version outside a night; rollback and dry run share this module."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import dagster as dg

from threads_pipelines.defs.common import preview, rows_made
from threads_pipelines.defs.publish_limits import PublishLimits, told
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.storage.feeds_to_publish import feeds_to_publish
from threads_pipelines.storage.postgres.publishing.publish import PublishReport, publish
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import Pin, pin
from threads_pipelines.storage.s3.versions.registered import Entry


def publish_version(
    context: dg.OpExecutionContext,
    limits: PublishLimits,
    database: Database,
    storage: ObjectStorage,
    entry: Entry,
    now: datetime,
    *,
    planned: Pin | None = None,
    dry_run_of: Audience | None = None,
) -> tuple[PublishReport, dict[str, Any]]:
    """Publish a version's rows, or those of the pinned version.

    Args:
        context: Context of the op.
        limits: Lifetime of rows, and how many people may be left without any.
        database: The app's database.
        storage: The versions.
        entry: The version to publish if nothing is pinned.
        now: Naive UTC.
        planned: A pin to publish instead; it is stored just before the first row is written.
        dry_run_of: The audience of a dry run, which changes nothing; None publishes.

    Returns:
        The report, and the same as metadata of an event.

    Raises:
        LeftWithoutError: Too many people would be left without rows; nothing is pinned.
    """
    store, named = storage.artefacts(), (entry.partition, entry.version)
    with (
        database.engine() as engine,
        feeds_to_publish(engine, store, *named, now, planned) as feeds,
    ):
        if feeds.warning:
            context.log.warning(feeds.warning)
        audience = dry_run_of or Audience()
        tables, decided = audience.of(feeds.tables, feeds.decided)
        report = publish(
            engine,
            tables,
            generated_at=feeds.generated_at,
            expires_at=feeds.generated_at + timedelta(hours=limits.ttl_hours),
            now=now,
            run_id=context.run.run_id,
            decided=decided,
            most_left_without=limits.most_left_without(),
            begin=lambda: _pin(store.objects, planned),
            dry_run=dry_run_of is not None,
            progress=context.log.info,
        )
    table = preview(["what", "value"], asdict(report).items())
    return report, rows_made(report.placed, version=feeds.version, report=table)


def sentence(report: PublishReport) -> str:
    """Describe what a publish would do.

    Args:
        report: The report of a dry run.

    Returns:
        The sentence.
    """
    if report.archived:
        return f"nothing would change: {report.notice}"
    left = told(report).replace(" are left ", " would be left ")
    said = (
        f"of {report.rows:,} rows for {report.users:,} users {report.inserted:,} are new, "
        f"{report.updated:,} change their score or time and {report.unchanged:,} stay; "
        f"{report.deleted:,} old rows would go; {report.users_newer:,} users keep newer rows; "
        f"{report.vanished:,} rows are of deleted users or posts"
    )
    return "; ".join(filter(None, (said, report.refusal or left)))


def _pin(objects: ObjectStore, planned: Pin | None) -> None:
    """Pin the version that is about to be published; a refused publish pins nothing."""
    if planned:
        pin(objects, planned.version, planned.since)
