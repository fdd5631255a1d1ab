"""The A/B experiment: who sees which feed, and whether it makes a difference."""

import math
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import sqlalchemy as sa
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.defs.common import asset, columns, preview, rows_made
from threads_pipelines.defs.participants import Experiment
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.publish import user_recommendation
from threads_pipelines.defs.resources import Database, ObjectStorage
from threads_pipelines.experiment.assignment import NOT_ENROLLED, assign, served_groups
from threads_pipelines.experiment.report import ExperimentReport, build_report
from threads_pipelines.experiment.settings import ExperimentSettings, ReportSettings
from threads_pipelines.experiment.tables import report_table
from threads_pipelines.population.identity import TEST_ACCOUNTS
from threads_pipelines.recommender.as_of import as_of_for
from threads_pipelines.reporting.plots import intervals, markdown_image
from threads_pipelines.storage import experiments
from threads_pipelines.storage.contract import has_experiment_group
from threads_pipelines.storage.exports import export_rows

_MISSING = (
    'the app has no column "user".experiment_group: its owner adds it with the migration in '
    "sql/prisma; everything but the experiment works without it"
)


@asset(
    group_name="experiment",
    kinds={"postgres"},
    code_version="1",
    deps=["synthetic_interactions"],
    description="Control or treatment for each enrolled account, by a stable hash of the "
    "experiment's name and the account's id. Real accounts only where the config says so.",
    metadata=columns(id="text", experiment_group="varchar(20)"),
)
def experiment_assignment(
    context: dg.AssetExecutionContext, database: Database, experiment: Experiment
) -> dg.MaterializeResult:
    """Deal the groups and write those that differ; set the test accounts' login where asked."""
    password = settings.load().test_account_password
    now = datetime.now(UTC).replace(tzinfo=None)
    with database.engine() as engine:
        roster = experiments.read_roster(engine)
        dealt = assign(roster.ids, roster.emails, roster.synthetic, experiment.settings())
        ids, groups = dealt.rows()
        there = has_experiment_group(engine)
        changed = experiments.write_groups(engine, ids, groups) if there else 0
        logins = [
            email
            for email in TEST_ACCOUNTS
            if password and experiments.set_test_login(engine, email, password, now)
        ]
    if not there:
        context.log.warning(_MISSING)
    return dg.MaterializeResult(
        metadata=rows_made(
            len(ids),
            state="written" if there else _MISSING,
            groups=dict(Counter(groups)),
            accounts_changed=changed,
            pinned_but_missing=list(dealt.missing),
            logins_set=logins,
        )
    )


def read_report(
    engine: sa.Engine,
    experiment: ExperimentSettings,
    until: datetime,
    days: int,
    *,
    synthetic_accounts: bool = False,
) -> ExperimentReport:
    """Report on the last ``days`` before ``until`` (aware UTC).

    Once real accounts exist, synthetic ones count only where ``synthetic_accounts`` says so.
    """
    roster = experiments.read_roster(engine)
    dealt = assign(roster.ids, roster.emails, roster.synthetic, experiment)
    groups = served_groups(dealt, roster.labels)
    if not synthetic_accounts and not roster.synthetic.all():
        groups[roster.synthetic] = NOT_ENROLLED
    end = until.replace(tzinfo=None)
    events = experiments.read_events(engine, roster.ids, end - timedelta(days=days), end)
    return build_report(experiment.name, events, groups, ReportSettings())


class ReportConfig(dg.Config):
    """What the report looks at."""

    days: int = Field(
        default=30, ge=1, le=3660, description="Days of events before the partition's end."
    )
    synthetic_accounts: bool = Field(
        default=False, description="Count synthetic accounts although real ones exist."
    )


@asset(
    group_name="experiment",
    kinds={"postgres", "s3"},
    code_version="1",
    partitions_def=daily,
    deps=[experiment_assignment, user_recommendation],
    description="Treatment against control: rates per session and dwell time with 95% intervals "
    "that respect users, a sample-ratio check, a power statement, and a warning instead of a "
    "winner where there is not enough data.",
    metadata=columns(scope="text", day="date", metric="text", difference="float64"),
)
def experiment_report(
    context: dg.AssetExecutionContext,
    config: ReportConfig,
    database: Database,
    storage: ObjectStorage,
    experiment: Experiment,
) -> dg.MaterializeResult:
    """Report on the events up to the partition's instant and store the table."""
    loaded = settings.load()
    until = as_of_for(date.fromisoformat(context.partition_key), datetime.now(UTC), loaded.timezone)
    with database.engine() as engine:
        report = read_report(
            engine,
            experiment.settings(),
            until,
            config.days,
            synthetic_accounts=config.synthetic_accounts,
        )
    table = report_table(report)
    prefix = f"reports/{context.partition_key}/experiment"
    export_rows(storage.store(), prefix, [table], len(table), loaded.state_dir / "scratch")
    findings = report.findings
    for warning in findings.warnings:
        context.log.info(warning)
    rows = [
        (u.metric, u.control.value, u.treatment.value, u.difference, u.low, u.high)
        for u in findings.uplifts
    ]
    title = "Treatment over control, relative, 95% intervals"
    bars = {
        u.metric: (u.relative, u.relative_low, u.relative_high)
        for u in findings.uplifts
        if math.isfinite(u.relative_low + u.relative_high)
    }
    return dg.MaterializeResult(
        metadata=rows_made(
            len(table),
            verdict=str(findings.verdict),
            warnings=list(findings.warnings),
            metrics=preview(["metric", "control", "treatment", "difference", "low", "high"], rows),
            plot=dg.MetadataValue.md(markdown_image(title, intervals(title, "uplift", bars))),
        )
    )
