"""The reasons to skip a refresh: it never competes with a night, a pin or another refresh."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster import DagsterInstance, DagsterRunStatus

from threads_pipelines.errors import ArtefactError
from threads_pipelines.storage.postgres.feed_ages import has_anything_happened
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import read_pin
from threads_pipelines.storage.s3.refreshes.record import published_refreshes
from threads_pipelines.storage.s3.registry import read_registry
from threads_pipelines.storage.s3.versions.checked import require_checked
from threads_pipelines.storage.s3.versions.registered import Entry

if TYPE_CHECKING:
    import sqlalchemy as sa

REFRESH_JOB = "refresh_recommendations"
FEEDS = dg.AssetKey("user_recommendation")
PUBLISHING_JOBS = frozenset(
    {REFRESH_JOB, "nightly_recommendations", "full_pipeline", "pin_version", "release_version"}
)
"""Jobs beside which no refresh runs; a backfill is nights of past days."""
ACTIVE = [
    DagsterRunStatus.QUEUED,
    DagsterRunStatus.NOT_STARTED,
    DagsterRunStatus.STARTING,
    DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]


@dataclass(frozen=True, slots=True)
class Predecessor:
    """What a refresh continues from.

    Attributes:
        night: The version that is served.
        night_as_of: Instant up to which the night read, with a time zone.
        as_of: Instant up to which the latest run read, night or refresh, with a time zone.
    """

    night: Entry
    night_as_of: datetime
    as_of: datetime


def other_run(instance: DagsterInstance, own_run_id: str | None = None) -> dg.DagsterRun | None:
    """Find another run that publishes or is about to publish.

    Args:
        instance: Dagster's instance.
        own_run_id: Id of the run that asks.

    Returns:
        The run; None if there is none.
    """
    for run in instance.get_runs(dg.RunsFilter(statuses=ACTIVE)):
        publishes = run.job_name in PUBLISHING_JOBS or FEEDS in (run.asset_selection or ())
        if publishes and run.run_id != own_run_id:
            return run
    return None


def predecessor(store: ArtefactStore) -> Predecessor | None:
    """Find the night that is served, and the latest run after it.

    Args:
        store: The versions.

    Returns:
        What a refresh continues from; None if nothing is served yet.

    Raises:
        ArtefactError: The served version does not exist, or did not pass its checks.
    """
    night = read_registry(store.objects).active
    if night is None:
        return None
    facts = require_checked(store, night.partition, night.version).facts
    read = facts.as_of
    later = [_aware(one.as_of) for one in published_refreshes(store.objects)]
    return Predecessor(night, read, max([read, *later]))


def why_not_now(
    instance: DagsterInstance,
    store: ArtefactStore,
    engine: "sa.Engine",
    own_run_id: str | None = None,
    *,
    named: bool = False,
) -> str | None:
    """Return the reason to skip a refresh now.

    Args:
        instance: Dagster's instance.
        store: The versions.
        engine: The app's database.
        own_run_id: Id of the refresh that asks; None before there is a run.
        named: Whether its run config names people, who are refreshed even if nothing happened.

    Returns:
        The reason; None if there is none.

    Raises:
        ArtefactError: The served version does not exist, or did not pass its checks.
        PinError: The pin cannot be read.
        DatabaseError: The database fails.
    """
    run = other_run(instance, own_run_id)
    if run is not None:
        state = run.status.value.lower().replace("_", " ")
        return f"run {run.run_id} of {run.job_name} is still {state}"
    pin = read_pin(store.objects)
    if pin is not None:
        return f"version {pin.version} is pinned since {pin.since}"
    before = predecessor(store)
    if before is None:
        return "no night has published yet: run nightly_recommendations first"
    since = before.as_of.astimezone(UTC).replace(tzinfo=None)
    if not named and not has_anything_happened(engine, since):
        return f"nothing happened since {since:%Y-%m-%d %H:%M:%S} UTC"
    return None


def require_predecessor(store: ArtefactStore) -> Predecessor:
    """Find the night that is served, and the latest run after it.

    Args:
        store: The versions.

    Returns:
        What a refresh continues from.

    Raises:
        ArtefactError: Nothing is served yet, or the served version is not usable.
    """
    before = predecessor(store)
    if before is None:
        raise ArtefactError("no night has published yet: run nightly_recommendations first")
    return before


def _aware(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
