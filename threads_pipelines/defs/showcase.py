"""What a person opens: the comparison page."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.defs.common import asset, columns, rows_made
from threads_pipelines.defs.experiment import Experiment, experiment_report, read_report
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources import Database, ObjectStorage
from threads_pipelines.feeds import account_feeds
from threads_pipelines.population.identity import TEST_ACCOUNTS
from threads_pipelines.reporting.page import ComparisonPage, render
from threads_pipelines.storage.feeds import find_readers

PAGE = "comparison.html"


class PageConfig(dg.Config):
    """Who is on the page."""

    sampled: int = Field(4, ge=0, le=50, description="Further accounts, below the test accounts.")
    posts: int = Field(20, ge=1, le=200, description="Posts of a feed, and of a history, shown.")
    days: int = Field(30, ge=1, le=3660, description="Days that the experiment's section covers.")


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
    experiment: Experiment,
) -> dg.MaterializeResult:
    """Write the page to S3 and to the state folder."""
    now = datetime.now(UTC).replace(microsecond=0)
    naive = now.replace(tzinfo=None)
    with database.engine() as engine:
        readers = find_readers(engine, naive, TEST_ACCOUNTS, config.sampled)
        feeds = account_feeds(engine, storage.artefacts(), readers, naive, config.posts)
        report = read_report(engine, experiment.settings(), now, config.days)
    if [reader.email for reader in readers[:2]] != list(TEST_ACCOUNTS):
        context.log.warning("The test accounts are not there: the page shows the first accounts")
    if len(feeds) < 2:
        raise dg.Failure("A page needs two accounts with a feed: materialize the night first")
    html = render(ComparisonPage(naive, feeds[0], feeds[1], tuple(feeds[2:]), report))
    key = f"reports/{context.partition_key}/{PAGE}"
    storage.store().put(key, html.encode(), content_type="text/html; charset=utf-8")
    path = settings.load().state_dir / "reports" / PAGE
    path.parent.mkdir(parents=True, exist_ok=True)
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
