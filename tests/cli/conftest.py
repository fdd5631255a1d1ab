"""Environments for the command: real parts, and parts that nobody serves."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from threads_pipelines.s3_settings import S3Settings

UNREACHABLE = {
    "DATABASE_URL": "postgresql://someone:secret@127.0.0.1:1/app",
    "DAGSTER_DATABASE_URL": "postgresql://someone:secret@127.0.0.1:1/dagster",
    "S3_ENDPOINT_URL": "http://127.0.0.1:1",
    "S3_BUCKET": "nowhere",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "OLLAMA_HOST": "http://127.0.0.1:1",
}


@pytest.fixture
def unreachable(tmp_path: Path) -> dict[str, str]:
    """Addresses that nothing listens at, and a state folder of one's own.

    In the tests' own one `stop` would stop the servers of the other tests.
    """
    return UNREACHABLE | {"THREADS_STATE_DIR": str(tmp_path / "state")}


@pytest.fixture
def empty_parts(database_url: str, s3_settings: S3Settings) -> dict[str, str]:
    """An empty database, which Dagster's storage shares, an empty bucket, and no text model."""
    address = make_url(database_url).set(drivername="postgresql")
    url = address.render_as_string(hide_password=False)
    return UNREACHABLE | {
        "DATABASE_URL": url,
        "DAGSTER_DATABASE_URL": url,
        "S3_ENDPOINT_URL": str(s3_settings.endpoint_url),
        "S3_BUCKET": s3_settings.bucket,
        "AWS_ACCESS_KEY_ID": str(s3_settings.access_key_id),
        "AWS_SECRET_ACCESS_KEY": str(s3_settings.secret_access_key),
    }
