"""A whole small world on real servers: what the Dagster tests run against."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as sa

from threads_pipelines import settings
from threads_pipelines.definitions import defs
from threads_pipelines.project_files import SEEDS_DIR
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.postgres import contract, database
from threads_pipelines.storage.s3.artefacts import ArtefactStore
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.synthetic.seed_files import upload_seeds

NOW = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
TODAY = NOW.strftime("%Y-%m-%d")
SMALL = {
    "users": 60,
    "posts": 200,
    "interactions": 3_000,
    "gemma_texts": 0,
    "pinned_time": NOW.isoformat(),
}


@dataclass(frozen=True)
class World:
    """Addresses of one test's servers, and a way to run jobs on them."""

    engine: sa.Engine
    store: ObjectStore
    artefacts: ArtefactStore
    instance: dg.DagsterInstance

    def run(
        self,
        job: str,
        *,
        partition: str | None = TODAY,
        ops: dict[str, Any] | None = None,
        resources: dict[str, Any] | None = None,
        raise_on_error: bool = True,
    ) -> dg.ExecuteInProcessResult:
        """Run a job in this process, on a small population unless told otherwise."""
        resolved = defs.resolve_job_def(job)
        return resolved.execute_in_process(
            instance=self.instance,
            partition_key=partition if resolved.partitions_def else None,
            run_config={
                "ops": ops or {},
                "resources": {"synthetic": {"config": SMALL}, **(resources or {})},
            },
            raise_on_error=raise_on_error,
        )

    def query(self, statement: str, **given: Any) -> list[tuple[Any, ...]]:
        """Rows of a statement."""
        with database.session(self.engine) as connection, connection.cursor() as cursor:
            cursor.execute(statement, given)
            return list(cursor.fetchall())

    def feeds(self) -> set[tuple[str, str, float]]:
        """All published (user, post, score)."""
        return set(self.query("SELECT user_id, post_id, score FROM user_recommendation"))


@pytest.fixture
def world(
    database_url: str,
    s3_settings: S3Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[World]:
    """An empty app database with its tables, a bucket with the seeds, and a Dagster instance."""
    monkeypatch.setenv("DATABASE_URL", database_url.replace("+psycopg2", ""))
    monkeypatch.setenv("S3_ENDPOINT_URL", str(s3_settings.endpoint_url))
    monkeypatch.setenv("S3_BUCKET", s3_settings.bucket)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(s3_settings.access_key_id))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", str(s3_settings.secret_access_key))
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:9")
    engine = database.connect(database_url)
    contract.create_schema(engine)
    store = ObjectStore(s3_settings)
    upload_seeds(store, SEEDS_DIR)
    with dg.DagsterInstance.ephemeral() as instance:
        scratch = settings.load().state_dir / "scratch"
        yield World(engine, store, ArtefactStore(store, scratch), instance)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A DAGSTER_HOME with storage in files, which processes share."""
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    (tmp_path / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance in ``home``."""
    del home
    with dg.DagsterInstance.get() as opened:
        yield opened


def days_ago(count: int) -> str:
    """A past partition."""
    return (NOW - timedelta(days=count)).strftime("%Y-%m-%d")
