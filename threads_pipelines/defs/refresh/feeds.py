"""Publishes, records and prunes refreshes."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
from dagster import DagsterInstance
from pydantic import Field

from threads_pipelines.defs.assets.publish import CHECKS, PublishConfig, publication_results
from threads_pipelines.defs.common import asset, columns, preview, result, rows_made
from threads_pipelines.defs.refresh.lateness import KEEPS_UP, REFRESHED
from threads_pipelines.defs.refresh.publishing import publish_refresh
from threads_pipelines.defs.refresh.rows import (
    FIGURES,
    PARTITION,
    SKIPPED_TAG,
    VERSION,
    refreshed_recommendations,
)
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.errors import ArtefactError
from threads_pipelines.reporting.plots import line, markdown_image
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.pins import Pin
from threads_pipelines.storage.s3.refreshes.pruning import prune_refreshes
from threads_pipelines.storage.s3.refreshes.record import published_refreshes

KEPT_HOURS = 24.0
_NAMES = (*CHECKS, KEEPS_UP)


class RefreshPublishConfig(PublishConfig):
    """Lifetime of feeds and of refreshes."""

    kept_hours: float = Field(KEPT_HOURS, ge=0, description="Hours to keep a refresh's version.")


@asset(
    group_name="refresh",
    kinds={"postgres"},
    code_version="1",
    pool="publish",
    deps=[refreshed_recommendations],
    description="The refreshed feeds in the table that the app reads, as an ordinary newer "
    "generation of the selected people. Versions of refreshes are deleted after a day.",
    metadata=columns(user_id="text", post_id="text", score="double precision"),
    check_specs=[
        dg.AssetCheckSpec(name, asset="refreshed_feeds", description=description)
        for name, description in CHECKS.items()
    ]
    + [
        dg.AssetCheckSpec(
            KEEPS_UP,
            asset=REFRESHED,
            description="Not more than THREADS_REFRESH_LATE_AFTER refreshes were missed in a row.",
        )
    ],
)
def refreshed_feeds(
    context: dg.AssetExecutionContext,
    config: RefreshPublishConfig,
    database: Database,
    storage: ObjectStorage,
) -> dg.MaterializeResult:
    """Publish the rows that this run, or the run that it continues, has checked."""
    store, now = storage.artefacts(), datetime.now(UTC)
    partition, version, numbers = _latest(context.instance)
    with database.engine() as engine:
        made = publish_refresh(
            engine,
            store,
            partition,
            version,
            now=now,
            run_id=context.run.run_id,
            figures=numbers,
            ttl_hours=config.ttl_hours,
            connections=config.connections,
            wait_seconds=config.wait_seconds,
            most_left_without=config.most_left_without(),
            progress=context.log.info,
        )
    if isinstance(made, Pin):
        reason = f"version {made.version} is pinned since {made.since}"
        context.log.info(f"Skipped: {reason}.")
        context.instance.add_run_tags(context.run.run_id, {SKIPPED_TAG: reason})
        return dg.MaterializeResult(
            metadata=rows_made(0, version=version, skipped=reason),
            check_results=[result(name, passed=True, sentence=f"{reason}.") for name in _NAMES],
        )
    report = made.report
    pruned = prune_refreshes(store, now, timedelta(hours=config.kept_hours))
    context.log.info(
        f"published: {report.placed:,} rows of {report.users - report.users_newer:,} people; "
        f"{report.users_emptied:,} have nothing left to see; "
        f"{pruned} old refreshes were deleted"
    )
    context.log_event(
        dg.AssetObservation(
            asset_key="user_recommendation",
            description=f"Refreshed for {report.users:,} people by version {version}.",
        )
    )
    return dg.MaterializeResult(
        metadata=rows_made(
            report.placed,
            version=version,
            night=made.night,
            as_of=made.as_of.isoformat(),
            users_left_without=report.users_left_without,
            seconds=round((datetime.now(UTC) - made.as_of).total_seconds(), 1),
            **{name: value for name, value in numbers.items() if value is not None},
            age_of_what_is_served=_plot(store, now),
            report=preview(["what", "value"], asdict(report).items()),
        ),
        check_results=[
            *publication_results(report.placed, made.found),
            result(KEEPS_UP, passed=True, sentence="Just refreshed."),
        ],
    )


def _latest(instance: DagsterInstance) -> tuple[str, str, dict[str, Any]]:
    """Return partition, version and figures of the rows that were checked last.

    Only one refresh runs at a time, so a run that continues another one finds the rows of that run.
    """
    event = instance.get_latest_materialization_event(refreshed_recommendations.key)
    made = event.asset_materialization if event else None
    if made is None:
        raise ArtefactError("there are no refreshed rows: launch refresh_recommendations")
    told: dict[str, Any] = {name: value.value for name, value in made.metadata.items()}
    return str(told[PARTITION]), str(told[VERSION]), dict(told[FIGURES])


def _plot(store: ArtefactStore, now: datetime) -> dg.MarkdownMetadataValue:
    """Plot the mean age of all feeds before and after each refresh of the last day."""
    hours, ages = [], []
    for one in published_refreshes(store.objects):
        at = (datetime.fromisoformat(str(one.published_at)) - now).total_seconds() / 3600
        for name in ("feed_hours_before", "feed_hours"):
            age = one.figures.get(name)
            if age is not None:
                hours.append(at)
                ages.append(age)
    title = "Mean age of the feeds over the last day"
    return dg.MetadataValue.md(
        markdown_image(title, line(title, "hours old", "hours from now", hours, ages))
    )
