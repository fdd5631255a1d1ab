"""The interaction matrix: what users did, read once and stored for all later steps."""

from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.dataset.as_of import as_of_for, parse_instant
from threads_pipelines.dataset.snapshot_checks import dangling, outside_window
from threads_pipelines.dataset.version_facts import VersionFacts
from threads_pipelines.defs.common import (
    asset,
    blocking,
    columns,
    preview,
    result,
    rows_made,
)
from threads_pipelines.defs.partitions import daily
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.defs.run_version import carry_version
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.experiment.assignment import assign
from threads_pipelines.experiment.settings import ExperimentSettings
from threads_pipelines.storage.history import require_own_history
from threads_pipelines.storage.postgres.accounts.experiments import read_roster
from threads_pipelines.storage.postgres.contract import require_contract
from threads_pipelines.storage.postgres.reading.snapshot import read_snapshot
from threads_pipelines.storage.postgres.server_identity import read_identity
from threads_pipelines.storage.s3.snapshots import save_snapshot

if TYPE_CHECKING:
    import sqlalchemy as sa

_CLOCK_SKEW = timedelta(minutes=5)
_WORDED = "%Y-%m-%d %H:%M:%S UTC"


class SyntheticAccounts(Enum):
    """Whether synthetic accounts train the model, are recommended and get feeds."""

    automatic = "until real accounts exist"
    include = "always"
    exclude = "never"

    @property
    def included(self) -> bool | None:
        """As ``read_snapshot`` takes it; None lets the data decide."""
        return {"include": True, "exclude": False}.get(self.name)


def control_group(engine: "sa.Engine", settings: ExperimentSettings) -> list[str]:
    """Read the ids of the accounts that the experiment assigns to control.

    Args:
        engine: The app's database.
        settings: Name and participants of the experiment.

    Returns:
        The ids.
    """
    roster = read_roster(engine)
    dealt = assign(roster.ids, roster.emails, roster.synthetic, settings)
    return [str(identifier) for identifier in dealt.ids[dealt.withheld]]


def instant_asked_for(text: str, now: datetime) -> datetime:
    """Parse the instant of the run config.

    A future instant is refused: its rows would be newer than those of every night until then.

    Args:
        text: The instant, ISO 8601.
        now: The time, with a time zone.

    Returns:
        The instant in UTC.

    Raises:
        ConfigurationError: The instant is in the future.
        ValueError: ``text`` is not an instant.
    """
    as_of = parse_instant(text)
    if as_of > now + _CLOCK_SKEW:
        raise ConfigurationError(f"as_of {as_of:{_WORDED}} has not come yet: it is {now:{_WORDED}}")
    return as_of


class MatrixConfig(dg.Config):
    """Parameters of the reading."""

    as_of: str | None = Field(
        None,
        description="Read up to this instant (ISO 8601, UTC). Empty: now for today's partition, "
        "02:00 of the day for a past one.",
    )
    look_back_days: float = Field(
        30, gt=0, le=3660, description="Days of interactions to train on; older posts stay seen."
    )
    synthetic_accounts: SyntheticAccounts = Field(
        SyntheticAccounts.automatic,
        description="automatic: synthetic accounts take part until real accounts exist.",
    )


@asset(
    group_name="recommendation",
    kinds={"postgres", "s3", "numpy"},
    code_version="1",
    partitions_def=daily,
    deps=["check_services", "synthetic_interactions"],
    description="Users, posts and interactions as of one instant, read in one snapshot of the "
    "database and stored as a version that every later step of the night reads.",
    metadata=columns(user="int32", post="int32", kind="int8", at="epoch seconds"),
    check_specs=blocking(
        "interaction_matrix",
        {
            "within_window": "No interaction is outside the look-back window.",
            "refers_to_rows": "Every interaction refers to a user and a post that exist.",
        },
    ),
)
def interaction_matrix(
    context: dg.AssetExecutionContext,
    config: MatrixConfig,
    database: Database,
    storage: ObjectStorage,
    experiment: Experiment,
    audience: Audience,
) -> dg.MaterializeResult:
    """Read the app's database into a snapshot, and make it the partition's current version."""
    day = date.fromisoformat(context.partition_key)
    now = datetime.now(UTC)
    as_of = (
        instant_asked_for(config.as_of, now)
        if config.as_of
        else as_of_for(day, now, settings.load().timezone)
    )
    look_back = timedelta(days=config.look_back_days)
    with database.engine() as engine:
        require_contract(engine)
        warning = require_own_history(engine, storage.artefacts())
        if warning:
            context.log.warning(warning)
        identity = read_identity(engine)
        audience.require(engine)
        snapshot, report = read_snapshot(
            engine,
            round(as_of.timestamp()),
            look_back,
            include_synthetic=config.synthetic_accounts.included,
            progress=context.log.info,
        )
        if experiment.withholds_control():
            snapshot = snapshot.withholding(control_group(engine, experiment.settings()))
    store = storage.artefacts()
    version = f"{as_of:%Y%m%dT%H%M%SZ}-{context.run.run_id[:8]}"
    facts = VersionFacts(
        as_of=as_of, look_back_days=config.look_back_days, database=identity, read=report
    )
    store.create(context.partition_key, version, now.isoformat(timespec="seconds"), facts)
    save_snapshot(store, context.partition_key, version, snapshot)
    store.set_current(context.partition_key, version)
    carry_version(context, version)
    outside = outside_window(snapshot, look_back.total_seconds())
    loose = dangling(snapshot) - report.followed_posts
    return dg.MaterializeResult(
        metadata=rows_made(
            len(snapshot.interactions),
            version=version,
            as_of=as_of.isoformat(),
            users=len(snapshot.users.ids),
            posts=len(snapshot.posts.ids),
            report=preview(["what", "value"], asdict(report).items()),
        ),
        check_results=[
            result("within_window", outside == 0, f"{outside} interactions outside the window"),
            result("refers_to_rows", loose == 0, f"{loose} interactions refer to nothing"),
        ],
    )
