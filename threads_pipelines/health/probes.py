"""Health checks of all services, in parallel. A failed check is a result, not an exception."""

import os
import shutil
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import uuid4

from threads_pipelines.content.model.ollama import OllamaModel
from threads_pipelines.errors import ObjectStorageError, ThreadsPipelinesError
from threads_pipelines.health import findings as health
from threads_pipelines.health.features import check_features
from threads_pipelines.health.findings import Finding, HealthLimits
from threads_pipelines.health.history import check_history
from threads_pipelines.settings import Settings
from threads_pipelines.storage.postgres import database
from threads_pipelines.storage.postgres.contract import require_contract
from threads_pipelines.storage.s3.objects import ObjectStore

Clock = Callable[[], datetime]
_CALL_SECONDS = 10.0


def run_health_checks(
    settings: Settings,
    parts: Iterable[str] = health.PARTS,
    limits: HealthLimits | None = None,
    clock: Clock = lambda: datetime.now(UTC),
) -> list[Finding]:
    """Check the services.

    Args:
        settings: Addresses and credentials.
        parts: Names of the parts to check, from ``findings.PARTS``. Other parts are not contacted.
        limits: Limits of disk space and clock skew. Default: ``HealthLimits()``.
        clock: Returns the time of this machine, with a time zone.

    Returns:
        One finding for each part, in the order of ``findings.PARTS``.
    """
    given = limits or HealthLimits()
    wanted = set(parts)
    skews: dict[str, float] = {}
    probes: dict[str, Callable[[], tuple[bool, str]]] = {
        health.DATABASE: lambda: _database(settings, skews, clock),
        health.FEATURES: lambda: check_features(settings),
        health.OBJECT_STORAGE: lambda: _object_storage(settings, skews, clock),
        health.TEXT_MODEL: lambda: _text_model(settings),
        health.DAGSTER_STORAGE: lambda: _dagster_storage(settings),
        health.DISK: lambda: _disk(settings, given),
    }
    chosen = [part for part in health.PARTS if part in wanted and part in probes]
    with ThreadPoolExecutor(max_workers=len(probes)) as pool:
        findings = list(pool.map(lambda part: _timed(part, probes[part]), chosen))
    if health.CLOCK in wanted:  # compares what the servers said of their time
        findings.append(_timed(health.CLOCK, lambda: health.judge_clock(skews, given)))
    if health.HISTORY in wanted:  # needs both servers
        findings.append(_timed(health.HISTORY, lambda: check_history(settings, tuple(findings))))
    return findings


def _timed(part: str, probe: Callable[[], tuple[bool, str]]) -> Finding:
    began = time.monotonic()
    try:
        ok, found = probe()
    except ThreadsPipelinesError as error:
        ok, found = False, str(error)
    return Finding(part, ok, found, time.monotonic() - began)


def _database(settings: Settings, skews: dict[str, float], clock: Clock) -> tuple[bool, str]:
    engine = database.connect(settings.database_url)
    with database.session(engine) as connection, connection.cursor() as cursor:
        before = clock()
        cursor.execute("SELECT current_setting('server_version'), clock_timestamp()")
        ((version, its_time),) = cursor.fetchall()
        skews["the database"] = _skew(its_time, before, clock())
    harmless = require_contract(engine)
    noted = f" but for {len(harmless)} harmless differences" if harmless else ""
    return True, f"PostgreSQL {version}, the tables are as the contract says{noted}"


def _object_storage(settings: Settings, skews: dict[str, float], clock: Clock) -> tuple[bool, str]:
    store = ObjectStore(settings.s3)
    key, content = f"health/{uuid4()}", os.urandom(32)
    before = clock()
    skews["S3"] = _skew(store.server_time(), before, clock())
    store.put(key, content)
    try:
        if store.get(key) != content:
            raise ObjectStorageError(f"bucket {store.bucket!r} returns other bytes than were put")
    finally:
        store.delete(key)
    return True, f"bucket {store.bucket!r} is readable and writable"


def _text_model(settings: Settings) -> tuple[bool, str]:
    model = OllamaModel(settings.ollama_host, settings.ollama_model, _CALL_SECONDS)
    kind = "follows instructions" if model.follows_instructions else "continues a text"
    return True, f"{settings.ollama_model} is there and {kind}"


def _dagster_storage(settings: Settings) -> tuple[bool, str]:
    engine = database.connect(settings.dagster_database_url)
    with database.session(engine) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT has_schema_privilege(current_schema(), 'CREATE')")
        ((may_create,),) = cursor.fetchall()
    name = engine.url.database
    if not may_create:
        return False, f"the role may not create tables in database {name!r}"
    return True, f"database {name!r} answers"


def _disk(settings: Settings, limits: HealthLimits) -> tuple[bool, str]:
    folder = settings.state_dir
    while not folder.exists():
        folder = folder.parent
    return health.judge_disk(shutil.disk_usage(folder).free, str(folder), limits)


def _skew(its_time: datetime, before: datetime, after: datetime) -> float:
    """Return by how many seconds a server's clock is ahead of the middle of the request."""
    return (its_time - (before + (after - before) / 2)).total_seconds()
