"""The three processes of the deployment, on embedded parts of their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance
from dagster._core.instance.ref import InstanceRef

from tests.deployment.processes import Deployment
from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.storage.postgres import contract, database
from threads_pipelines.storage.postgres.provision import ensure_database
from threads_pipelines.storage.s3.objects import ObjectStore

PEOPLE = """
INSERT INTO "user" (id, email, username, created_at, updated_at)
SELECT 'u' || lpad(n::text, 3, '0'), n || '@example.org', 'u' || n, now() - interval '20 d', now()
FROM generate_series(1, 40) n;
INSERT INTO post (id, user_id, content, created_at, updated_at)
SELECT 'p' || lpad(n::text, 3, '0'), 'u' || lpad((1 + mod(n, 40))::text, 3, '0'),
       'post ' || n, now() - interval '10 d', now()
FROM generate_series(1, 120) n;
INSERT INTO user_interaction (id, user_id, post_id, interaction_type, created_at)
SELECT 'i' || u || '-' || k, 'u' || lpad(u::text, 3, '0'),
       'p' || lpad((1 + mod(u, 4) * 30 + mod(u * 7 + k * 11, 30))::text, 3, '0'),
       (ARRAY['view', 'view', 'click', 'share'])[1 + mod(k, 4)],
       now() - k * interval '8 h' - interval '2 d'
FROM generate_series(1, 40) u, generate_series(1, 12) k;
"""


@pytest.fixture
def stack(state_dir: Path, tmp_path: Path) -> Iterator[Stack]:
    """PostgreSQL and S3 of the test's own, so that they can be killed."""
    made = Stack(state_dir / tmp_path.name, ("postgres", "seaweedfs"))
    yield made
    made.stop()


@pytest.fixture
def deployment(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Deployment]:
    """The app's database with people in it, an empty bucket, and services that do not run yet."""
    given = stack.start()
    address = sqlalchemy_url(given["DAGSTER_DATABASE_URL"])
    variables = {**given, "DAGSTER_DATABASE_URL": address, "OLLAMA_HOST": "http://127.0.0.1:1"}
    engine = database.connect(sqlalchemy_url(given["DATABASE_URL"]))
    contract.create_schema(engine)
    AppDatabase(engine, "").rows(PEOPLE)
    ensure_database(address, "DAGSTER_DATABASE_URL")
    made = Deployment(tmp_path / "services", variables)
    made.folder.mkdir()
    made.prepare()
    for name, value in made.environment().items():
        monkeypatch.setenv(name, value)
    ObjectStore(settings.load().s3).ensure_bucket()
    yield made
    made.stop()


@pytest.fixture
def instance(deployment: Deployment) -> Iterator[DagsterInstance]:
    """The same instance that the services use: its tables are in PostgreSQL."""
    with DagsterInstance.from_ref(InstanceRef.from_dir(str(deployment.home))) as made:
        yield made
