"""Decides which versions and runs to delete. A served or pinned version is always kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version on S3.

    Attributes:
        partition: The day.
        version: Name of the version.
        created_at: Time of creation, with a time zone.
        current: Whether its partition's pointer names it.
        served: Whether it is active or pinned.
        refresh: Whether it is a refresh of a night.
    """

    partition: str
    version: str
    created_at: datetime
    current: bool
    served: bool
    refresh: bool = False


@dataclass(frozen=True, slots=True)
class VersionRules:
    """Retention of versions.

    Attributes:
        superseded_days: Days to keep a version that is not its partition's current one.
        keep_days: Days to keep the files of a current version; after that only its manifest with
            the metrics is kept.
        keep_partitions: Number of latest partitions whose current versions keep their files
            regardless of age.
        refresh_days: Days to keep a refresh.
    """

    superseded_days: float = 7
    keep_days: float = 90
    keep_partitions: int = 14
    refresh_days: float = 1


@dataclass(frozen=True, slots=True)
class Plan:
    """Versions to delete, and versions to thin: of these only the manifest is kept."""

    delete: tuple[StoredVersion, ...]
    thin: tuple[StoredVersion, ...]


def plan_versions(versions: Sequence[StoredVersion], now: datetime, rules: VersionRules) -> Plan:
    """Decide which versions to delete and which to thin.

    Args:
        versions: All versions.
        now: The time, with a time zone.
        rules: The retention rules.

    Returns:
        The plan.
    """
    partitions = sorted({version.partition for version in versions})
    latest = set(partitions[-rules.keep_partitions :]) if rules.keep_partitions else set()

    def older(version: StoredVersion, days: float) -> bool:
        return now - version.created_at > timedelta(days=days)

    def superseded(version: StoredVersion) -> bool:
        days = rules.refresh_days if version.refresh else rules.superseded_days
        return not version.current and older(version, days)

    free = [version for version in versions if not version.served]
    return Plan(
        delete=tuple(v for v in free if superseded(v)),
        thin=tuple(
            v for v in free if v.current and v.partition not in latest and older(v, rules.keep_days)
        ),
    )


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run that has ended, with success or not."""

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
    """Decide which runs to delete.

    Args:
        runs: All finished runs.
        now: The time, with a time zone.
        keep_days: Days to keep a run.
        keep_count: Number of latest runs to keep regardless of age.
        needed: Ids of runs that hold the latest materialization of an asset; without them the asset
            would look as if it had never been made.

    Returns:
        Ids of the runs to delete.
    """
    latest_first = sorted(runs, key=lambda run: run.ended_at, reverse=True)
    limit = now - timedelta(days=keep_days)
    return [
        run.run_id
        for run in latest_first[keep_count:]
        if run.ended_at < limit and run.run_id not in needed
    ]
