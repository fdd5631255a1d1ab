"""Whether refreshes keep up, while their schedule is on: what a single failure never tells."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from dagster import DagsterInstance

from threads_pipelines.defs.refresh.skips import FEEDS, predecessor
from threads_pipelines.storage.postgres.feed_ages import has_anything_happened
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import read_pin

if TYPE_CHECKING:
    import sqlalchemy as sa

SCHEDULE = "refresh_between_nights"
REFRESHED = dg.AssetKey("refreshed_feeds")
KEEPS_UP = "keeps_up"
"""The check that fails where refreshes were missed."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Refreshes that were missed.

    since: aware, up to when the feeds know what happened. intervals: that have passed since then.
    """

    since: datetime
    intervals: int

    def __str__(self) -> str:
        """As an alert and the check say it."""
        return (
            f"The feeds do not keep up: what happened since {self.since:%Y-%m-%d %H:%M} UTC is in "
            f"none of them, although {self.intervals} refreshes were due"
        )


def lateness(
    instance: DagsterInstance,
    store: ArtefactStore,
    engine: "sa.Engine",
    interval: timedelta,
    missed: int,
    now: datetime,
) -> Lateness | None:
    """Return what is late; None where nothing is, or where no refresh is due.

    No refresh is due while the schedule is off, before the first night, while a version is pinned
    and where nothing happened. A run that was left out for another reason counts as missed.

    Args:
        instance: Dagster's instance, which knows since when the schedule is on.
        store: The versions.
        engine: The app's database.
        interval: Time between two refreshes.
        missed: Intervals that may pass before the feeds are late, at least 1.
        now: Aware.

    Returns:
        What is late, or None.

    Raises:
        ThreadsPipelinesError: S3 or the database cannot be asked.
    """
    patience = missed * interval
    on_since = schedule_on_since(instance)
    if on_since is None or now - on_since < patience or read_pin(store.objects) is not None:
        return None
    before = predecessor(store)
    if before is None or now - before.as_of < patience:
        return None
    since, until = (time.astimezone(UTC).replace(tzinfo=None) for time in (before.as_of, now))
    if not has_anything_happened(engine, since, until - patience):
        return None
    return Lateness(before.as_of.astimezone(UTC), (now - before.as_of) // interval)


def lateness_by_runs(
    instance: DagsterInstance, interval: timedelta, missed: int, now: datetime
) -> Lateness | None:
    """Return what is late by the runs alone, for where S3 or the database cannot be asked.

    Args:
        instance: Dagster's instance.
        interval: Time between two refreshes.
        missed: Intervals that may pass before the feeds are late, at least 1.
        now: Aware.

    Returns:
        What is late, or None.
    """
    on_since = schedule_on_since(instance)
    if on_since is None:
        return None
    events = (instance.get_latest_materialization_event(key) for key in (FEEDS, REFRESHED))
    made = [datetime.fromtimestamp(event.timestamp, UTC) for event in events if event]
    latest = max([on_since, *made])
    if not made or now - latest < missed * interval:
        return None
    return Lateness(latest, (now - latest) // interval)


def schedule_on_since(instance: DagsterInstance) -> datetime | None:
    """Return when the schedule was turned on.

    Args:
        instance: Dagster's instance.

    Returns:
        The time, aware; None while the schedule is off.
    """
    for state in instance.all_instigator_state():
        started = getattr(state.instigator_data, "start_timestamp", None)
        if state.name == SCHEDULE and state.is_running and started is not None:
            return datetime.fromtimestamp(started, UTC)
    return None
