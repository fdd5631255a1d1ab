"""The published table, which the app reads."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from threads_pipelines.defs.assets.model import recommendations
from threads_pipelines.defs.common import asset, columns, preview, result, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.publish_limits import PublishLimits, told
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.run_version import version_of_run
from threads_pipelines.health.alerts import LATE_AFTER
from threads_pipelines.storage.feeds_to_publish import feeds_to_publish
from threads_pipelines.storage.postgres.publishing.publish import publish
from threads_pipelines.storage.postgres.publishing.published import Publication, read_publication
from threads_pipelines.storage.postgres.publishing.purge import purge_expired
from threads_pipelines.storage.s3.registry import activate
from threads_pipelines.storage.tables import users_in

CHECKS = {
    "published_rows": "Every row that was written is in the table, and nobody has two generations.",
    "time_to_live": "Every row expires when it should, after the next night.",
    "published_rules": "Scores are in [0, 1]; no repost and no post of the reader's own.",
}


class PublishConfig(PublishLimits):
    """Lifetime of feeds, how they are published, and how many people may be left without one."""

    wait_seconds: float = Field(
        60, ge=0, description="How long to wait while another run publishes."
    )
    connections: int = Field(2, ge=1, le=16, description="Shards written at the same time.")


@asset(
    group_name="recommendation",
    kinds={"postgres"},
    code_version="1",
    partitions_def=daily,
    pool="publish",
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=LATE_AFTER, warn_window=timedelta(hours=25)
    ),
    deps=[recommendations],
    description="The table that the app reads: each user's rows are replaced in one transaction. "
    "Who is decided about and has no rows in the version loses the old ones. A run that is older "
    "than what a user has, or already expired, is archived instead.",
    metadata=columns(
        id="text",
        user_id="text",
        post_id="text",
        score="double precision",
        generated_at="timestamp(3)",
        expires_at="timestamp(3)",
    ),
    check_specs=[
        dg.AssetCheckSpec(name, asset="user_recommendation", description=description)
        for name, description in CHECKS.items()
    ],
)
def user_recommendation(
    context: dg.AssetExecutionContext,
    config: PublishConfig,
    database: Database,
    storage: ObjectStorage,
    audience: Audience,
) -> dg.MaterializeResult:
    """Publish the version's scored rows, or those of the pinned version."""
    store, now = storage.artefacts(), datetime.now(UTC).replace(tzinfo=None)
    with database.engine() as engine:
        audience.require(engine)
        version = version_of_run(context, store).version
        with feeds_to_publish(engine, store, context.partition_key, version, now) as feeds:
            if feeds.warning:
                context.log.warning(feeds.warning)
            expires_at = feeds.generated_at + timedelta(hours=config.ttl_hours)
            tables, decided = audience.of(feeds.tables, feeds.decided)
            served = users_in(tables) if audience.users else set()
            report = publish(
                engine,
                tables,
                generated_at=feeds.generated_at,
                expires_at=expires_at,
                now=now,
                run_id=context.run.run_id,
                connections=config.connections,
                wait_seconds=config.wait_seconds,
                decided=decided,
                most_left_without=config.most_left_without(),
                progress=context.log.info,
            )
        purged = purge_expired(engine, now)
        found = read_publication(engine, feeds.generated_at, expires_at, now)
    # An older day finds room where somebody has no live rows: that does not make it what is served.
    everyone = not audience.users and 2 * report.users_newer < report.users
    if report.placed and everyone:
        activate(store.objects, feeds.version)
    state = "published" if report.placed else f"archived: {report.notice or 'newer rows are there'}"
    if report.placed and report.users_newer:
        state += f"; accounts that keep newer rows: {report.users_newer:,}"
    if audience.users:
        state += f", for {len(served):,} named accounts alone"
        without = sorted(set(audience.users) - served)
        if without:
            context.log.warning(f"no feed in version {feeds.version} for {', '.join(without)}")
    if left := told(report):
        state += f"; {left}"
    if feeds.pin:
        state += f" (pinned since {feeds.pin.since}: version {feeds.version})"
    context.log.info(f"{state}: {report.placed:,} rows, {purged:,} expired rows removed")
    return dg.MaterializeResult(
        metadata=rows_made(
            report.placed,
            state=state,
            everyone=everyone,
            version=feeds.version,
            generated_at=f"{feeds.generated_at}Z",
            expires_at=f"{expires_at}Z",
            purged_rows=purged,
            users_with_a_feed_before=report.users_live,
            users_left_without=report.users_left_without,
            users_withheld=report.users_withheld,
            report=preview(["what", "value"], asdict(report).items()),
        ),
        check_results=publication_results(report.placed, found),
    )


def publication_results(published: int, found: Publication) -> list[dg.AssetCheckResult]:
    """Make the results of the checks of a publication.

    Args:
        published: Number of rows that the publisher wrote.
        found: What the table holds after the publication.

    Returns:
        One result for each entry of ``CHECKS``.
    """
    rows = f"{found.rows:,} rows in the table, {published:,} written"
    mixed = f"{found.mixed_users:,} users with two generations"
    wrong = f"{found.wrong_score:,} wrong scores, {found.wrong_post:,} wrong posts"
    whole = found.rows >= published and not found.mixed_users
    return [
        result("published_rows", whole, f"{rows}; {mixed}"),
        result("time_to_live", not found.wrong_ttl, f"{found.wrong_ttl:,} rows with another TTL"),
        result("published_rules", not found.wrong_score and not found.wrong_post, wrong),
    ]
