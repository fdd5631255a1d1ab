"""Rollback and dry run: jobs whose launchpad opens ready to launch."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from threads_pipelines.defs.assets.services import check_parts
from threads_pipelines.defs.common import max_runtime
from threads_pipelines.defs.ops.publish_version import publish_version, sentence
from threads_pipelines.defs.publish_limits import PublishLimits
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.connections import Database, ObjectStorage
from threads_pipelines.errors import ArtefactError, DataError, PinError
from threads_pipelines.storage.history import require_own, require_own_history
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.pins import Pin, pinnable, read_pin, release
from threads_pipelines.storage.s3.registry import activate, read_registry
from threads_pipelines.storage.s3.versions.checked import require_checked
from threads_pipelines.storage.s3.versions.registered import Entry

_FIRST = {"checked": dg.In(dg.Nothing)}


class PinConfig(PublishLimits):
    """The version to roll back to."""

    version: str = Field(
        "",
        description="Version to publish until it is released. Empty: the one that is pinned "
        "already, else the one served before.",
    )


class DryRunConfig(PublishLimits):
    """The version to compare with the table."""

    partition: str = Field(
        "", description="Day whose latest checked version would be published. Empty: the latest."
    )


@dg.op(
    ins=_FIRST,
    pool="publish",
    description="Pin a version and publish its rows, filtered again, as of now.",
)
def publish_pinned(
    context: dg.OpExecutionContext, config: PinConfig, database: Database, storage: ObjectStorage
) -> None:
    """Pin before the first row is written, so that each night from then on publishes it as well."""
    objects = storage.store()
    version = config.version or _previous(objects)
    entry = pinnable(objects, version)
    manifest = require_checked(storage.artefacts(), entry.partition, version)
    with database.engine() as engine:
        require_own(engine, storage.artefacts(), manifest)
    now = datetime.now(UTC).replace(tzinfo=None)
    planned = Pin(entry.partition, version, f"{now:%Y-%m-%d %H:%M:%S} UTC")
    report, metadata = publish_version(
        context, config, database, storage, entry, now, planned=planned
    )
    if report.users_newer:  # than now
        raise DataError(
            f"version {version} is pinned, but {report.users_newer:,} of {report.users:,} users "
            "keep rows that were made in the future: see docs/troubleshooting.md, then pin it again"
        )
    activate(objects, version)
    context.log.info(
        f"version {version} is pinned: {report.placed:,} rows are served until released"
    )
    context.log_event(
        dg.AssetMaterialization(
            asset_key="user_recommendation",
            partition=now.date().isoformat(),
            description=f"Rolled back to version {version}.",
            metadata=metadata,
        )
    )


@dg.op(ins=_FIRST, description="Release the pin: the next night publishes its own version again.")
def release_pin(context: dg.OpExecutionContext, database: Database, storage: ObjectStorage) -> None:
    """Take the pin away, if there is one; another database's is refused."""
    with database.engine() as engine:
        warning = require_own_history(engine, storage.artefacts())
    if warning:
        context.log.warning(warning)
    objects = storage.store()
    try:
        pinned = read_pin(objects)
    except PinError as error:
        release(objects)
        context.log.warning(f"{error}. It is released now: the next night publishes its own")
        return
    if pinned is None:
        context.log.info("nothing was pinned")
        return
    release(objects)
    context.log.info(f"version {pinned.version} is released: the next night publishes its own")


@dg.op(
    ins=_FIRST,
    pool="publish",
    description="Shows what publishing would change, without changing anything.",
)
def compare_with_table(
    context: dg.OpExecutionContext,
    config: DryRunConfig,
    database: Database,
    storage: ObjectStorage,
    audience: Audience,
) -> None:
    """Publish in transactions that are all rolled back, and count."""
    entry = _latest(storage.store(), config.partition)
    now = datetime.now(UTC).replace(tzinfo=None)
    with database.engine() as engine:
        audience.require(engine)
    report, metadata = publish_version(
        context, config, database, storage, entry, now, dry_run_of=audience
    )
    context.log.info(f"dry run for {entry.partition}: {sentence(report)}")
    context.log_event(dg.AssetObservation(asset_key="user_recommendation", metadata=metadata))


def _previous(objects: ObjectStore) -> str:
    pinned = read_pin(objects)
    if pinned:  # launched again: not back to the version that was left
        return pinned.version
    previous = read_registry(objects).previous
    if previous is None:
        raise ArtefactError("no version was served before the active one: name the one to pin")
    return previous.version


def _latest(objects: ObjectStore, partition: str) -> Entry:
    entry = read_registry(objects).latest_checked(partition or None)
    if entry is None:
        day = f" of {partition}" if partition else ""
        raise ArtefactError(f"there is no checked version{day}: run nightly_recommendations first")
    return entry


@dg.job(executor_def=dg.in_process_executor, tags=max_runtime(3 * 3600))
def pin_version() -> None:
    """Roll back: serve an earlier version, filtered again, until it is released."""
    publish_pinned(check_parts())


@dg.job(executor_def=dg.in_process_executor, tags=max_runtime(3 * 3600))
def release_version() -> None:
    """End a rollback: the next night publishes its own version again."""
    release_pin(check_parts())


@dg.job(executor_def=dg.in_process_executor, tags=max_runtime(3 * 3600))
def dry_run() -> None:
    """Count the rows that publishing would add, change and remove, without changing anything."""
    compare_with_table(check_parts())


ROLLBACK_JOBS = [pin_version, release_version, dry_run]
