"""The one-shot ``setup`` of the compose file, on an empty database and bucket."""

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from tests.deployment.compose import services
from threads_pipelines import settings
from threads_pipelines.cli.main import cli
from threads_pipelines.health import findings as health
from threads_pipelines.health.probes import run_health_checks
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.postgres.database import connect, session
from threads_pipelines.storage.s3.objects import ObjectStore


def test_setup_prepares_everything_for_the_pipelines_own_role(
    database_url: str, s3_settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = make_url(database_url)
    pipeline = owner.set(username="pipeline", password="of-the-role")
    dagster = pipeline.set(database=f"{owner.database}_dagster")
    for name, value in {
        "DATABASE_URL": owner.render_as_string(hide_password=False),
        "DAGSTER_DATABASE_URL": dagster.render_as_string(hide_password=False),
        "THREADS_ROLE_PASSWORD": "of-the-role",
        "S3_ENDPOINT_URL": str(s3_settings.endpoint_url),
        "S3_BUCKET": f"{s3_settings.bucket}-new",
        "AWS_ACCESS_KEY_ID": str(s3_settings.access_key_id),
        "AWS_SECRET_ACCESS_KEY": str(s3_settings.secret_access_key),
        "OLLAMA_HOST": "http://127.0.0.1:1",
    }.items():
        monkeypatch.setenv(name, value)
    program, *arguments = services()["setup"]["command"]
    assert program == "threads-pipelines"
    try:
        for _ in range(2):  # it runs at each start
            result = CliRunner().invoke(cli, arguments)
            assert result.exit_code == 0, (result.output, result.exception)
            assert "of-the-role" not in result.output
        monkeypatch.setenv("DATABASE_URL", pipeline.render_as_string(hide_password=False))
        loaded = settings.load()
        ill = [finding for finding in run_health_checks(loaded) if not finding.ok]
        assert [finding.part for finding in ill] == [health.TEXT_MODEL]
        keys = [item.key for item in ObjectStore(loaded.s3).listing("seeds/")]
        assert keys == ["seeds/seed_posts.json", "seeds/seed_users.json"]
    finally:
        with session(connect(database_url), autocommit=True) as connection:
            cursor = connection.cursor()
            cursor.execute(f"DROP DATABASE IF EXISTS {dagster.database}")
            for role in ("pipeline", "threads_synthetic", "threads_nightly"):
                cursor.execute(f"DROP OWNED BY {role}")
                cursor.execute(f"DROP ROLE {role}")


def test_without_the_roles_password_setup_says_what_is_missing(
    database_url: str, s3_settings: S3Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("S3_ENDPOINT_URL", str(s3_settings.endpoint_url))
    monkeypatch.setenv("S3_BUCKET", s3_settings.bucket)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", str(s3_settings.access_key_id))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", str(s3_settings.secret_access_key))
    monkeypatch.setenv("OLLAMA_HOST", "http://127.0.0.1:1")
    result = CliRunner().invoke(cli, ["setup", "--role", "pipeline"])
    assert result.exit_code == 1
    assert "THREADS_ROLE_PASSWORD" in str(result.exception)
