"""The pipeline on real PostgreSQL and S3, one step at a time, with faults at its boundaries.

The functions of the assets and ops themselves run here. Only Dagster, the clock and the plots are
stand-ins. The choice of settings by evaluation is left out: every night uses the default settings.
"""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import dagster as dg
import psycopg2
import pytest
import sqlalchemy as sa
from botocore.exceptions import IncompleteReadError

from tests.machine.boundaries import Boundaries
from tests.machine.fake_run import Clock, FakeContext, FakeInstance
from tests.machine.model import Rows
from threads_pipelines.defs.assets import matrix, model, publish
from threads_pipelines.defs.ops import publish_version, rollback
from threads_pipelines.defs.refresh import feeds as refresh_feeds
from threads_pipelines.defs.refresh import publishing as refresh_publishing
from threads_pipelines.defs.refresh import rows as refresh_rows
from threads_pipelines.defs.refresh.skips import why_not_now
from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.defs.resources.participants import Experiment
from threads_pipelines.defs.resources.refreshed import Refreshed
from threads_pipelines.defs.run_version import VERSION_TAG
from threads_pipelines.errors import ThreadsPipelinesError
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.shards import ranking
from threads_pipelines.storage.postgres.publishing.publish import publish as publish_rows
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.scored import batches, open_scored
from threads_pipelines.storage.s3.versions.decided import open_decided

TOP_K = 4
_SMALL: dict[str, Any] = {"shard_rows": 6, "connections": 1}
"""Even a small publish has several shards, and their order is always the same."""
_LIMITS = {"max_left_without": 1.0}
"""Of so few people each one is more than the share that may be left without a feed."""
_ALL_BUT_US = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


class KilledError(Exception):
    """The process is dead: nothing of it reaches a server any more."""


@dataclass(frozen=True)
class Fault:
    """What happens before the boundary of this number, counted from 1.

    kind: ``kill``, ``database`` (all its sessions end) or ``s3`` (it does not answer any more).
    """

    kind: str
    boundary: int


@dataclass
class OneStorage:
    """Hands out one client: opening one parses megabytes."""

    versions: ArtefactStore

    def artefacts(self) -> ArtefactStore:
        return self.versions

    def store(self) -> ObjectStore:
        return self.versions.objects


@dataclass
class OneDatabase:
    """Hands out one engine: opening one asks the server five questions."""

    one: sa.Engine

    @contextmanager
    def engine(self) -> Iterator[sa.Engine]:
        yield self.one


def _is_expected(error: BaseException) -> bool:
    """Whether an error is worded by the pipeline, or the end of its process."""
    worded = error.__cause__ if isinstance(error, dg.Failure) else error
    return isinstance(worded, KilledError | ThreadsPipelinesError)


def defaults(config: Callable[..., Any], **given: Any) -> Any:
    """A run config with its defaults, which pydantic's mypy plugin does not see."""
    return config(**given)


def call(asset: Any, run: FakeContext, **given: Any) -> Any:
    """Call the function under ``@asset`` or ``@op`` with the config and resources that it takes."""
    function = getattr(asset, "op", asset).compute_fn.decorated_fn
    resources = {"experiment": Experiment(), "audience": Audience(), "refreshed": Refreshed()}
    named = list(inspect.signature(function).parameters)[1:]
    return function(run, **{name: ({**resources, **given})[name] for name in named})


@dataclass
class World:
    """The parts, and what can be done with them. ``watch`` is called after each COMMIT."""

    engine: sa.Engine
    connection: psycopg2.extensions.connection
    versions: ArtefactStore
    clock: Clock
    watch: Callable[[], None] = lambda: None
    fault: Fault | None = None
    struck: bool = False
    instance: FakeInstance = field(default_factory=FakeInstance)
    boundaries: Boundaries = field(init=False)
    _publishing: bool = False
    _started: int = 0

    def __post_init__(self) -> None:
        self.boundaries = Boundaries(self._before, self._after)

    def install(self, patch: pytest.MonkeyPatch) -> None:
        """Put clock, faults and small shards in their places until the patch is undone."""
        fake = self.clock.as_datetime()
        for module in (matrix, publish, rollback, refresh_rows, refresh_feeds):
            patch.setattr(module, "datetime", fake)
        for module in (publish, publish_version, refresh_publishing):
            patch.setattr(module, "publish", partial(publish_rows, **_SMALL))
        patch.setattr(ranking, "SHARDS", 2)
        patch.setattr(ranking, "artefact_store", lambda: self.versions)
        patch.setattr(refresh_feeds, "_plot", lambda *_given: "")
        self.boundaries.install(patch)

    def _before(self, number: int, kind: str, _text: str) -> None:
        if self.fault is None or number < self.fault.boundary:
            return
        first, self.struck = not self.struck, True
        if self.fault.kind == "kill":
            raise KilledError
        if self.fault.kind == "database" and first:
            self.ask(_ALL_BUT_US)
        if self.fault.kind == "s3" and kind == "s3":
            # Of all that boto3 may raise the one that it does not try again for seconds.
            raise IncompleteReadError(actual_bytes=0, expected_bytes=1)

    def ask(self, query: str, *given: Any) -> list[tuple[Any, ...]]:
        """Rows of a query on the trial's own connection, which nothing cuts."""
        with self.connection.cursor() as cursor:
            cursor.execute(query, given)
            return cursor.fetchall() if cursor.description else []

    def _after(self, kind: str, text: str) -> None:
        if self._publishing and (kind, text) == ("sql", "COMMIT"):
            with self.paused():
                self.watch()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """What is done in here is the trial's, not the pipeline's: nothing is cut or watched."""
        fault, publishing = self.fault, self._publishing
        self.fault, self._publishing = None, False
        try:
            yield
        finally:
            self.fault, self._publishing = fault, publishing

    @contextmanager
    def failing(self, fault: Fault | None) -> Iterator[None]:
        """Let a fault strike in here; an error of the pipeline's own is expected where it did."""
        self.boundaries.number, self.struck, self.fault = 0, False, fault
        try:
            yield
        except (dg.Failure, KilledError, ThreadsPipelinesError) as error:
            if not self.struck or not _is_expected(error):
                raise
        finally:
            self.fault, self._publishing = None, False

    def begin(self, partition: str, parent: str | None = None) -> FakeContext:
        """Start a run."""
        self._started += 1
        return FakeContext(self.instance, partition, self._started, parent)

    def make(self, run: FakeContext, as_of: datetime | None) -> None:
        """Read, fit, rank and check: a night up to what it publishes."""
        config = defaults(matrix.MatrixConfig, as_of=as_of.isoformat() if as_of else None)
        self._call(matrix.interaction_matrix, run, config=config)
        self.versions.change_facts(
            run.partition_key,
            self.version_of(run),
            lambda facts: replace(
                facts,
                settings=RecommenderSettings().model_dump(mode="json"),
                settings_source="default",
            ),
        )
        self.rank(run)

    def rank(self, run: FakeContext) -> None:
        """Fit, rank and check; needs the version that ``make`` began."""
        self._call(model.knn_model, run)
        self._call(model.recommendations, run, config=defaults(model.RankingConfig, top_k=TOP_K))

    def publish(self, run: FakeContext, users: list[str]) -> None:
        """Publish what the run made; users: none for everybody."""
        self._publishing = True
        config = defaults(publish.PublishConfig, connections=1, **_LIMITS)
        self._call(publish.user_recommendation, run, config=config, audience=Audience(users=users))

    def refresh(self, run: FakeContext) -> bool:
        """Refresh between two nights; False where it is left out."""
        instance: Any = self.instance
        reason = why_not_now(instance, self.versions, self.engine, run.run.run_id)
        if reason is not None:
            return False
        config = defaults(refresh_rows.RankingChunk)
        made = self._call(refresh_rows.refreshed_recommendations, run, config=config)
        self.instance.made[refresh_rows.refreshed_recommendations.key] = made
        run.partition_key = made.metadata[refresh_rows.PARTITION]
        run.run.tags[VERSION_TAG] = made.metadata[refresh_rows.VERSION]
        self._publishing = True
        config = defaults(refresh_feeds.RefreshPublishConfig, connections=1, **_LIMITS)
        self._call(refresh_feeds.refreshed_feeds, run, config=config)
        return True

    def pin(self, run: FakeContext, version: str) -> None:
        """Go back to a version; an empty name is the one before."""
        self._publishing = True
        config = defaults(rollback.PinConfig, version=version, **_LIMITS)
        self._call(rollback.publish_pinned, run, config=config)

    def release(self, run: FakeContext) -> None:
        """End the pin."""
        self._call(rollback.release_pin, run)

    def dry_run(self, run: FakeContext) -> None:
        """Tell what would change."""
        self._call(rollback.compare_with_table, run, config=defaults(rollback.DryRunConfig))

    def _call(self, asset: Any, run: FakeContext, **given: Any) -> Any:
        database, storage = OneDatabase(self.engine), OneStorage(self.versions)
        return call(asset, run, database=database, storage=storage, **given)

    def version_of(self, run: FakeContext) -> str:
        """The version that a run began; empty where it began none."""
        return str(run.run.tags.get(VERSION_TAG, ""))

    def rows_of(self, partition: str, version: str) -> dict[str, Rows]:
        """Score by post of each reader, as the version's file says; checksums are verified."""
        rows: dict[str, Rows] = {}
        with open_scored(self.versions, partition, version) as files:
            for table in batches(files, ["user_id", "post_id", "score"]):
                for row in table.to_pylist():
                    rows.setdefault(row["user_id"], {})[row["post_id"]] = row["score"]
        return rows

    def decided_by(self, partition: str, version: str) -> set[str]:
        """The accounts that a version decides about."""
        with open_decided(self.versions, self.versions.manifest(partition, version)) as files:
            return {user for table in batches(files) for user in table["user_id"].to_pylist()}


def day_of(instant: datetime) -> str:
    """The partition of an instant."""
    return f"{instant:%Y-%m-%d}"


def hours(count: float) -> timedelta:
    """A span of hours."""
    return timedelta(hours=count)
