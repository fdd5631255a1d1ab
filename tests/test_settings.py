import json
import os
from pathlib import Path

import pytest

from threads_pipelines import settings
from threads_pipelines.environment import dagster_home
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.project_files import PROJECT_ROOT


def load(tmp_path: Path, **environment: str) -> settings.Settings:
    return settings.load({"THREADS_STATE_DIR": str(tmp_path), **environment})


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    environment = {
        "DATABASE_URL": "postgresql://threads:embedded@127.0.0.1:5001/threads?schema=public",
        "DAGSTER_DATABASE_URL": "postgresql://threads:embedded@127.0.0.1:5001/dagster",
        "S3_ENDPOINT_URL": "http://127.0.0.1:5002",
        "S3_BUCKET": "threads-synthetic-data",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "embedded",
        "OLLAMA_HOST": "http://127.0.0.1:5003",
        "OLLAMA_MODEL": "gemma3:270m",
    }
    (tmp_path / "stack.json").write_text(json.dumps({"environment": environment}))
    return tmp_path


def test_without_anything_an_address_is_asked_for(tmp_path: Path) -> None:
    loaded = load(tmp_path)
    with pytest.raises(ConfigurationError, match=r"threads-pipelines start.*DATABASE_URL"):
        _ = loaded.database_url
    with pytest.raises(ConfigurationError, match="S3_ENDPOINT_URL"):
        _ = loaded.s3
    with pytest.raises(ConfigurationError, match="OLLAMA_HOST"):
        _ = loaded.ollama_host


def test_the_running_stack_answers(stack: Path) -> None:
    loaded = load(stack)
    assert loaded.database_url == "postgresql+psycopg2://threads:embedded@127.0.0.1:5001/threads"
    assert loaded.s3.endpoint_url == "http://127.0.0.1:5002"
    assert loaded.ollama_host == "http://127.0.0.1:5003"
    assert "DATABASE_URL" in loaded.embedded


def test_an_address_in_the_environment_wins(stack: Path) -> None:
    loaded = load(stack, DATABASE_URL="postgres://me:own@db.example/app?schema=public")
    assert loaded.database_url == "postgresql+psycopg2://me:own@db.example/app"
    assert loaded.dagster_database_url.endswith("@db.example/app_dagster")
    assert "DATABASE_URL" not in loaded.embedded
    assert "S3_ENDPOINT_URL" in loaded.embedded


def test_embedded_credentials_never_go_to_a_users_own_storage(stack: Path) -> None:
    loaded = load(stack, S3_ENDPOINT_URL="https://s3.example")
    assert loaded.s3.secret_access_key is None
    assert loaded.s3.access_key_id is None


def test_keys_of_the_environment_never_go_to_the_embedded_storage(stack: Path) -> None:
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION")
    loaded = load(stack, **dict.fromkeys(names, "of-the-user"))
    assert loaded.s3.access_key_id == "key"
    assert loaded.s3.secret_access_key == "embedded"
    assert (loaded.s3.session_token, loaded.s3.region) == (None, None)


@pytest.mark.parametrize("space", ["\n", " ", "\r\n", "\t"])
def test_white_space_around_a_value_is_no_part_of_it(tmp_path: Path, space: str) -> None:
    given = {
        "DATABASE_URL": "postgresql://u:p@h/d",
        "DAGSTER_DATABASE_URL": "postgresql://u:p@h/dagster",
        "S3_ENDPOINT_URL": "http://s3:1",
        "S3_BUCKET": "b",
        "AWS_ACCESS_KEY_ID": "k",
        "AWS_SECRET_ACCESS_KEY": "s",
        "AWS_SESSION_TOKEN": "t",
        "AWS_REGION": "eu-west-1",
        "OLLAMA_HOST": "http://o:1",
        "OLLAMA_MODEL": "m",
        "THREADS_TIMEZONE": "Europe/Berlin",
        "THREADS_ROLE_PASSWORD": "r",
        "THREADS_TEST_ACCOUNT_PASSWORD": "a",
        "THREADS_ALERT_WEBHOOK_URL": "http://w",
        "THREADS_PUSHGATEWAY_URL": "http://p",
        "THREADS_STATE_DIR": str(tmp_path),
    }
    spaced = {name: f"{space}{value}{space}" for name, value in given.items()}
    assert settings.load(spaced) == settings.load(given)


def test_libraries_get_no_white_space_either(monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("AWS_PROFILE", "HTTPS_PROXY", "no_proxy", "PGSSLMODE", "SSL_CERT_FILE")
    for name in names:
        monkeypatch.setenv(name, "value\n")
    settings.load()
    assert [os.environ[name] for name in names] == ["value"] * len(names)


def test_an_empty_variable_counts_as_unset(stack: Path) -> None:
    assert load(stack, DATABASE_URL=" ").database_url.endswith("/threads")


def test_secrets_are_not_in_repr(stack: Path) -> None:
    shown = repr(load(stack, AWS_SECRET_ACCESS_KEY="hunter2"))
    assert "hunter2" not in shown
    assert "embedded@" not in shown


def test_a_broken_stack_file_says_what_to_type(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{")
    with pytest.raises(ConfigurationError, match="threads-pipelines stop"):
        load(tmp_path)


def test_a_wrong_time_zone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Mars/Olympus"):
        load(tmp_path, THREADS_TIMEZONE="Mars/Olympus")


def test_a_dagster_home_that_holds_its_settings_is_used_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    assert dagster_home(tmp_path / "state") == home
    assert (home / "dagster.yaml").read_text() == "telemetry:\n  enabled: false\n"
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("given", ["", " ", "relative", "/nowhere"])
def test_any_other_dagster_home_is_replaced_by_one_in_the_state_folder(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", given)
    home = dagster_home(tmp_path)
    assert home == tmp_path / "dagster"
    ours = (PROJECT_ROOT / "dagster.yaml").read_text()
    assert [(file.name, file.read_text()) for file in home.iterdir()] == [("dagster.yaml", ours)]


@pytest.mark.parametrize(
    ("given", "share"), [("all", 1), ("none", 0), ("10%", 0.1), ("0.5 %", 0.005), ("", 0)]
)
def test_a_share_is_a_percentage(tmp_path: Path, given: str, share: float) -> None:
    assert load(tmp_path, THREADS_EXPERIMENT_ENROL=given).experiment_share == share


@pytest.mark.parametrize(
    ("variable", "given", "message"),
    [
        ("THREADS_EXPERIMENT_ENROL", "0.1", "write all, none or a percentage"),
        ("THREADS_EXPERIMENT_ENROL", "110%", "write all, none or a percentage"),
        ("THREADS_EXPERIMENT_ENROL", "nan%", "write all, none or a percentage"),
        ("THREADS_WITH_REAL_ACCOUNTS", "maybe", "neither yes nor no"),
        ("THREADS_EXPERIMENT_WITHHOLD_CONTROL", "2", "neither yes nor no"),
        ("THREADS_MAX_LEFT_WITHOUT", "0.05", "is no share"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(
    tmp_path: Path, variable: str, given: str, message: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"{variable} .*{message}"):
        load(tmp_path, **{variable: given})


def test_dagsters_folder_is_its_owners_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    home = dagster_home(tmp_path / "state")
    assert home.stat().st_mode & 0o777 == 0o700


def test_the_minutes_between_refreshes_are_a_quarter_of_an_hour_to_a_day(tmp_path: Path) -> None:
    assert load(tmp_path).refresh_minutes == 60
    assert load(tmp_path, THREADS_REFRESH_MINUTES="15").refresh_minutes == 15
    for wrong in ("14", "1441", "an hour", "30.5", "-60"):
        with pytest.raises(ConfigurationError, match=r"REFRESH_MINUTES is .*15 to 1440"):
            load(tmp_path, THREADS_REFRESH_MINUTES=wrong)


def test_a_scheduler_on_another_machine_needs_tls(tmp_path: Path) -> None:
    assert load(tmp_path).dask_scheduler is None
    for address in ("tls://workers:8786", "tcp://127.0.0.1:8786", "tcp://localhost:1"):
        assert load(tmp_path, THREADS_DASK_SCHEDULER=address).dask_scheduler == address
    with pytest.raises(ConfigurationError, match=r"THREADS_DASK_SCHEDULER .*without TLS"):
        load(tmp_path, THREADS_DASK_SCHEDULER="tcp://10.0.0.7:8786")
    for wrong in ("workers:8786", "http://workers:8786", "tls://workers", "tls://workers:port"):
        with pytest.raises(ConfigurationError, match=r"is no address of a Dask scheduler"):
            load(tmp_path, THREADS_DASK_SCHEDULER=wrong)


def test_a_database_may_be_silent_for_seconds_or_minutes(tmp_path: Path) -> None:
    assert load(tmp_path).silence_seconds == 30
    assert load(tmp_path, THREADS_SILENCE_SECONDS="600").silence_seconds == 600
    for wrong in ("1", "601", "30.5"):
        with pytest.raises(ConfigurationError, match=r"SILENCE_SECONDS is .*seconds from 2 to 600"):
            load(tmp_path, THREADS_SILENCE_SECONDS=wrong)


def test_missed_refreshes_are_a_whole_number(tmp_path: Path) -> None:
    assert load(tmp_path).refresh_late_after == 3
    assert load(tmp_path, THREADS_REFRESH_LATE_AFTER="1").refresh_late_after == 1
    for wrong in ("0", "101", "three", "2.5", "-1"):
        with pytest.raises(ConfigurationError, match=r"LATE_AFTER is .*refreshes from 1 to 100"):
            load(tmp_path, THREADS_REFRESH_LATE_AFTER=wrong)
