"""Real parts, and settings that name them."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from tests.storage.app_database import AppDatabase
from tests.storage.conftest import own_database
from threads_pipelines import settings
from threads_pipelines.settings import S3Settings, Settings
from threads_pipelines.storage.contract import create_schema
from threads_pipelines.storage.database import connect, session

__all__ = ["own_database"]


@pytest.fixture(scope="package")
def _shared_database(postgres_server: str) -> Iterator[AppDatabase]:
    server = connect(settings.sqlalchemy_url(postgres_server))
    with session(server, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE operations_tests TEMPLATE template0")
    server.dispose()
    url = settings.sqlalchemy_url(postgres_server.replace("/postgres", "/operations_tests"))
    engine = connect(url)
    assert create_schema(engine)
    yield AppDatabase(engine, url)
    engine.dispose()


@pytest.fixture
def app_database(_shared_database: AppDatabase) -> AppDatabase:
    """A database with the app's schema and no rows; the schema is shared: do not alter it."""
    _shared_database.rows('TRUNCATE "user" CASCADE')
    return _shared_database


@pytest.fixture
def parts(app_database: AppDatabase, s3_settings: S3Settings) -> Settings:
    """Settings that name a database with the app's tables and an empty bucket; no text model."""
    return settings_of(app_database, s3_settings)


@pytest.fixture
def environment(
    app_database: AppDatabase, s3_settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> pytest.MonkeyPatch:
    """The environment names the real parts, and no text model."""
    monkeypatch.setenv("DATABASE_URL", app_database.url)
    monkeypatch.setenv("DAGSTER_DATABASE_URL", app_database.url)
    monkeypatch.setenv("S3_ENDPOINT_URL", str(s3_settings.endpoint_url))
    monkeypatch.setenv("S3_BUCKET", s3_settings.bucket)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(s3_settings.access_key_id))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", str(s3_settings.secret_access_key))
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    return monkeypatch


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """An instance of Dagster that is gone after the test."""
    with dg.instance_for_test() as made:
        yield made


def settings_of(database: AppDatabase, s3: S3Settings) -> Settings:
    """Settings that name these parts."""
    return replace(
        settings.load(),
        database_url_or_none=database.url,
        dagster_database_url_or_none=database.url,
        s3_or_none=s3,
        ollama_host_or_none=None,
    )
