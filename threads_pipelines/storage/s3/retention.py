"""Which versions and runs have had their time. What is served or pinned always stays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version on S3. current: its partition's pointer names it; served: active or pinned."""

    partition: str
    version: str
    created_at: datetime
    current: bool
    served: bool


@dataclass(frozen=True, slots=True)
class VersionRules:
    """superseded_days: how long a version stays that its partition does not point at any more.

    keep_days, keep_partitions: a current version keeps its files for so many days, and those of the
    latest partitions whatever their age; afterwards only its manifest stays, with its metrics.
    """

    superseded_days: float = 7
    keep_days: float = 90
    keep_partitions: int = 14


@dataclass(frozen=True, slots=True)
class Plan:
    """delete: versions that go altogether. thin: versions of which the manifest stays."""

    delete: tuple[StoredVersion, ...]
    thin: tuple[StoredVersion, ...]


def plan_versions(versions: Sequence[StoredVersion], now: datetime, rules: VersionRules) -> Plan:
    """Decide on every version."""
    partitions = sorted({version.partition for version in versions})
    latest = set(partitions[-rules.keep_partitions :]) if rules.keep_partitions else set()

    def older(version: StoredVersion, days: float) -> bool:
        return now - version.created_at > timedelta(days=days)

    free = [version for version in versions if not version.served]
    return Plan(
        delete=tuple(v for v in free if not v.current and older(v, rules.superseded_days)),
        thin=tuple(
            v for v in free if v.current and v.partition not in latest and older(v, rules.keep_days)
        ),
    )


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that ended, however it ended."""

    run_id: str
    ended_at: datetime


def plan_runs(
    runs: Sequence[FinishedRun],
    now: datetime,
    *,
    keep_days: float,
    keep_count: int,
    needed: Collection[str],
) -> list[str]:
    """Ids of the runs to delete.

    keep_count: so many of the latest stay whatever their age. needed: runs that hold the latest
    materialization of an asset: without them it would look as if it had never been made.
    """
    latest_first = sorted(runs, key=lambda run: run.ended_at, reverse=True)
    limit = now - timedelta(days=keep_days)
    return [
        run.run_id
        for run in latest_first[keep_count:]
        if run.ended_at < limit and run.run_id not in needed
    ]
