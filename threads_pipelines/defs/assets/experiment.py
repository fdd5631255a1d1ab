"""The A/B experiment: who sees which feed, and its effect."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.dataset.as_of import as_of_for, parse_instant
from threads_pipelines.dataset.identity import TEST_ACCOUNTS
from threads_pipelines.defs.assets.publish import user_recommendation
from threads_pipelines.defs.common import asset, columns, rows_made
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.defs.results.experiment import experiment_metadata
from threads_pipelines.errors import DataError
from threads_pipelines.experiment.assignment import NOT_ENROLLED, assign, served_groups
from threads_pipelines.experiment.documents import read_report_document, report_document
from threads_pipelines.experiment.empty_groups import NO_COLUMN, empty_groups
from threads_pipelines.experiment.report import build_report
from threads_pipelines.experiment.report_facts import ExperimentReport
from threads_pipelines.experiment.settings import ExperimentSettings, ReportSettings
from threads_pipelines.storage.history import require_own_start
from threads_pipelines.storage.postgres.accounts import experiments
from threads_pipelines.storage.postgres.accounts.privileges import Feature, require_privileges
from threads_pipelines.storage.postgres.contract import has_experiment_group
from threads_pipelines.storage.s3.experiment_start import note_start, read_start
from threads_pipelines.storage.s3.objects import ObjectStore

if TYPE_CHECKING:
    import sqlalchemy as sa


@asset(
    group_name="experiment",
    kinds={"postgres"},
    code_version="1",
    deps=["check_services", "synthetic_interactions"],
    description="Control or treatment for each enrolled account, by a stable hash of the "
    "experiment's name and the account's id. Real accounts only if the config enrols them.",
    metadata=columns(id="text", experiment_group="varchar(20)"),
)
def experiment_assignment(
    context: dg.AssetExecutionContext,
    database: Database,
    storage: ObjectStorage,
    experiment: Experiment,
) -> dg.MaterializeResult:
    """Assign the groups, write those that differ, and set the test accounts' login if requested."""
    password = settings.load().test_account_password
    now = datetime.now(UTC).replace(tzinfo=None)
    with database.engine() as engine:
        identity = require_own_start(engine, storage.store(), experiment.settings())
        there = has_experiment_group(engine)
        needed = [Feature.EXPERIMENT] * there + [Feature.TEST_LOGINS] * bool(password)
        require_privileges(engine, *needed)
        roster = experiments.read_roster(engine)
        dealt = assign(roster.ids, roster.emails, roster.synthetic, experiment.settings())
        ids, groups = dealt.rows()
        changed = experiments.write_groups(engine, ids, groups) if there else 0
        logins = [
            email
            for email in TEST_ACCOUNTS
            if password and experiments.set_test_login(engine, email, password, now)
        ]
    started_at = "not yet"
    if not there:
        context.log.warning(NO_COLUMN)
    elif dealt.randomized.any():
        started_at = f"{note_start(storage.store(), experiment.settings(), now, identity)} UTC"
    return dg.MaterializeResult(
        metadata=rows_made(
            len(ids),
            state="written" if there else NO_COLUMN,
            started_at=started_at,
            groups=dict(Counter(groups)),
            accounts_changed=changed,
            pinned_but_missing=list(dealt.missing),
            logins_set=logins,
        )
    )


def stored_report(store: ObjectStore, partition: str) -> ExperimentReport:
    """Read the report of a partition.

    Args:
        store: The bucket.
        partition: The day.

    Returns:
        The report.

    Raises:
        DataError: ``experiment_report`` has made none.
    """
    stored = store.get_with_tag(_report_key(partition))
    if stored is None:
        raise DataError(f"{partition} has no experiment report: materialize experiment_report")
    return read_report_document(stored[0])


def _report_key(partition: str) -> str:
    return f"reports/{partition}/experiment.json"


def _build(
    engine: "sa.Engine",
    experiment: ExperimentSettings,
    period: tuple[datetime, datetime],
    config: "ReportConfig",
) -> ExperimentReport:
    roster = experiments.read_roster(engine)
    dealt = assign(roster.ids, roster.emails, roster.synthetic, experiment)
    groups = served_groups(dealt, roster.labels)
    if not config.synthetic_accounts and not roster.synthetic.all():
        groups[roster.synthetic] = NOT_ENROLLED
    causes = empty_groups(dealt, groups, roster.labels, roster.synthetic, experiment)
    events = experiments.read_events(engine, roster.ids, *period)
    settings = ReportSettings()
    return build_report(experiment.name, events, groups, settings, period=period, causes=causes)


class ReportConfig(dg.Config):
    """Parameters of the report."""

    days: int = Field(
        default=30,
        ge=1,
        le=3660,
        description="Days of events before the partition's end, none from before the start.",
    )
    started_at: str | None = Field(
        default=None,
        description="When the groups began to be served differently (ISO 8601, UTC). Empty: when "
        "they were first assigned.",
    )
    synthetic_accounts: bool = Field(
        default=False, description="Count synthetic accounts although real ones exist."
    )

    def period(self, until: datetime, start: datetime | None) -> tuple[datetime, datetime]:
        """Return the period of the counted events; it begins after the groups were assigned.

        Args:
            until: End of the period, naive UTC.
            start: When groups were first assigned, naive UTC; None if unknown.

        Returns:
            Beginning and end, naive UTC.
        """
        if self.started_at:
            start = parse_instant(self.started_at).replace(tzinfo=None)
        since = until - timedelta(days=self.days)
        return (min(max(since, start), until) if start else since), until


@asset(
    group_name="experiment",
    kinds={"postgres", "s3"},
    code_version="1",
    partitions_def=daily,
    deps=[experiment_assignment, user_recommendation],
    description="Treatment against control since the groups were first assigned: rates per session "
    "and dwell time with 95% intervals over users, a sample-ratio check, a power "
    "statement, and a warning instead of a winner if there are not enough data.",
    metadata=columns(metric="text", control="float64", treatment="float64", difference="float64"),
)
def experiment_report(
    context: dg.AssetExecutionContext,
    config: ReportConfig,
    database: Database,
    storage: ObjectStorage,
    experiment: Experiment,
) -> dg.MaterializeResult:
    """Report on the events up to the partition's instant, and store the report."""
    day = date.fromisoformat(context.partition_key)
    until = as_of_for(day, datetime.now(UTC), settings.load().timezone).replace(tzinfo=None)
    period = config.period(until, read_start(storage.store(), experiment.settings()))
    with database.engine() as engine:
        require_own_start(engine, storage.store(), experiment.settings())
        report = _build(engine, experiment.settings(), period, config)
    storage.store().put(
        _report_key(context.partition_key),
        report_document(report),
        content_type="application/json",
    )
    findings = report.findings
    for warning in findings.warnings:
        context.log.warning(warning)
    return dg.MaterializeResult(metadata=experiment_metadata(report, period))
