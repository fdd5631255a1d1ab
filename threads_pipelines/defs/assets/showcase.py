"""The comparison page and the exports."""

from datetime import UTC, datetime, timedelta

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.dataset.identity import TEST_ACCOUNT_IDS
from threads_pipelines.defs.assets.experiment import experiment_report, stored_report
from threads_pipelines.defs.common import asset, columns, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.experiment.tables import report_table
from threads_pipelines.reporting.account_feeds import account_feeds
from threads_pipelines.reporting.export import ExportTable, export_tables
from threads_pipelines.reporting.nights import metrics_table
from threads_pipelines.reporting.page import ComparisonPage, render
from threads_pipelines.storage.feeds import find_readers
from threads_pipelines.storage.postgres import report_rows
from threads_pipelines.storage.postgres.accounts.experiments import read_roster
from threads_pipelines.storage.s3.registry import read_registry

PAGE = "comparison.html"


class PageConfig(dg.Config):
    """Content of the page."""

    sampled: int = Field(4, ge=0, le=50, description="Further accounts, below the test accounts.")
    posts: int = Field(20, ge=1, le=200, description="Posts to show of each feed and history.")


@asset(
    group_name="experiment",
    kinds={"s3", "html"},
    code_version="1",
    partitions_def=daily,
    deps=[experiment_report],
    description="One self-contained HTML page: the two test accounts' feeds side by side, sampled "
    "accounts below, each post with its reason, and the experiment's report.",
    metadata=columns(account="text", group="text", posts="int", own_topics="int"),
)
def comparison_page(
    context: dg.AssetExecutionContext,
    config: PageConfig,
    database: Database,
    storage: ObjectStorage,
) -> dg.MaterializeResult:
    """Write the page to S3 and to the state folder."""
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    report = stored_report(storage.store(), context.partition_key)
    with database.engine() as engine:
        readers = find_readers(engine, now, TEST_ACCOUNT_IDS, config.sampled)
        feeds = account_feeds(engine, storage.artefacts(), readers, now, config.posts)
    if [reader.id for reader in readers[:2]] != list(TEST_ACCOUNT_IDS):
        context.log.warning("The test accounts are not there: the page shows the first accounts")
    control, treatment, sampled = None, None, feeds
    if len(feeds) < 2:
        context.log.warning(
            "No two accounts have a feed: the page has the experiment's report alone. Run the "
            "night (nightly_recommendations), then the reports again"
        )
    else:
        control, treatment, *sampled = feeds
    html = render(ComparisonPage(now, control, treatment, tuple(sampled), report))
    key = f"reports/{context.partition_key}/{PAGE}"
    storage.store().put(key, html.encode(), content_type="text/html; charset=utf-8")
    path = settings.load().state_dir / "reports" / PAGE
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(html)
    context.log.info(f"page: {path.as_uri()}")
    return dg.MaterializeResult(
        metadata=rows_made(
            len(feeds),
            path=dg.MetadataValue.path(path),
            object=key,
            own_topics_in_the_top_10={feed.name: feed.own for feed in feeds[:2]},
        )
    )


class ExportConfig(dg.Config):
    """Content of the exports."""

    days: int = Field(7, ge=1, le=3660, description="Days of interactions in the workbook.")
    synthetic_accounts: bool = Field(
        False, description="Export synthetic accounts although real ones exist."
    )


@asset(
    group_name="experiment",
    kinds={"s3", "excel", "parquet"},
    code_version="1",
    partitions_def=daily,
    deps=[experiment_report],
    description="An Excel workbook and Parquet files for people: interactions, "
    "recommendations, model metrics and the experiment, with export time and row counts.",
    metadata=columns(table="text", rows="int"),
)
def export_reports(
    context: dg.AssetExecutionContext,
    config: ExportConfig,
    database: Database,
    storage: ObjectStorage,
) -> dg.MaterializeResult:
    """Write the exports to the state folder and to S3."""
    now, store = datetime.now(UTC).replace(microsecond=0, tzinfo=None), storage.store()
    folder = settings.load().state_dir / "reports"
    metrics = metrics_table(read_registry(store).entries)
    report = report_table(stored_report(store, context.partition_key))
    with database.engine() as engine:
        roster = read_roster(engine)
        hidden = roster.hidden_ids(synthetic_accounts=config.synthetic_accounts)
        since = now - timedelta(days=config.days)
        tables = [
            ExportTable(
                "interactions",
                report_rows.INTERACTIONS,
                report_rows.interactions(engine, since, now, hidden),
            ),
            ExportTable(
                "recommendations",
                report_rows.RECOMMENDATIONS,
                report_rows.recommendations(engine, now, hidden),
            ),
            ExportTable("model_metrics", metrics.schema, metrics.to_batches()),
            ExportTable("experiment", report.schema, report.to_batches()),
        ]
        made = export_tables(tables, folder, now, progress=context.log.info)
    prefix = f"reports/{context.partition_key}/"
    for path in (made.workbook, *made.parquet):
        store.upload(path, prefix + path.name)
    context.log.info(f"workbook: {made.workbook.as_uri()}")
    return dg.MaterializeResult(
        metadata=rows_made(
            sum(made.rows.values()),
            rows=made.rows,
            workbook=dg.MetadataValue.path(made.workbook),
            objects=prefix,
        )
    )
