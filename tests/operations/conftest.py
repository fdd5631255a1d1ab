"""Real parts, and settings that name them."""

from collections.abc import Iterator
from dataclasses import replace

import dagster as dg
import pytest

from tests.storage.app_database import AppDatabase
from threads_pipelines import settings
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.settings import Settings


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
