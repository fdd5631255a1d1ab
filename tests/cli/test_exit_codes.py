"""Exit codes of every command: 0 success, 1 failure, 2 refusal, 130 after Ctrl-C."""

from pathlib import Path

import pytest

from tests.cli.command import threads_pipelines
from tests.storage.app_database import AppDatabase
from threads_pipelines.cli.main import cli
from threads_pipelines.s3_settings import S3Settings
from threads_pipelines.storage.s3.objects import ObjectStore

EVENTS = "user_id,post_id\n" + "".join(
    f"u{user},p{post}\n" for user in range(8) for post in range(9) if (user + post) % 3
)
PLAIN = {
    **{name: [name] for name in ("run", "summary", "setup", "upload-seeds", "start", "stop")},
    **{name: [name] for name in ("status", "env", "ui", "check", "versions", "pin", "release")},
    **{name: [name] for name in ("dry-run", "prune", "simulate", "adopt", "refresh", "flagged")},
    "remove-synthetic": ["remove-synthetic", "--yes"],
    "launch": ["launch", "maintenance"],
    "backfill": ["backfill", "--from", "2026-11-01", "--to", "2026-11-02"],
    "retry": ["retry", "00000000-0000-0000-0000-000000000000"],
    "fake-users": ["fake-users", "cap"],
    "fake-users remove": ["fake-users", "remove", "--yes"],
    "recommend": ["recommend", "--interactions", "missing.csv", "--out", "feeds.csv"],
    "evaluate": ["evaluate", "--interactions", "missing.csv"],
    "cluster-certificate": ["cluster-certificate", "/nowhere/cluster.pem"],
}
"""Every command as it is typed; the files of the last three do not exist."""
ALWAYS_SUCCEED = {"start", "status", "stop"}
"""With a server of one's own for every part there is nothing to start, to stop or to look at."""


def test_every_command_is_tried() -> None:
    assert {words[0] for words in PLAIN.values()} == set(cli.commands)


@pytest.mark.parametrize("name", PLAIN)
def test_an_unknown_option_is_refused(name: str) -> None:
    done = threads_pipelines(*PLAIN[name], "--nonsense")
    assert done.returncode == 2
    assert "No such option '--nonsense'" in done.stderr


@pytest.mark.parametrize("name", [name for name in PLAIN if name not in ALWAYS_SUCCEED])
def test_a_command_without_what_it_needs_fails(name: str, unreachable: dict[str, str]) -> None:
    done = threads_pipelines(*PLAIN[name], environment=unreachable)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", sorted(ALWAYS_SUCCEED))
def test_a_command_without_anything_to_do_succeeds(name: str, unreachable: dict[str, str]) -> None:
    assert threads_pipelines(name, environment=unreachable).returncode == 0


@pytest.mark.parametrize("name", ["env", "status", "summary"])
def test_a_command_without_a_running_stack_fails(name: str, tmp_path: Path) -> None:
    assert threads_pipelines(name, environment={"THREADS_STATE_DIR": str(tmp_path)}).returncode == 1


@pytest.mark.parametrize(
    "name",
    [
        name
        for name in PLAIN
        if name not in {"stop", "recommend", "evaluate", "cluster-certificate"}
    ],
)
def test_a_wrong_setting_is_refused(name: str, unreachable: dict[str, str]) -> None:
    wrong = unreachable | {"DATABASE_URL": "mysql://127.0.0.1/app"}
    done = threads_pipelines(*PLAIN[name], environment=wrong)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: DATABASE_URL is not a PostgreSQL address")


@pytest.mark.parametrize("name", ["run", "simulate"])
def test_nothing_synthetic_is_written_beside_real_accounts(
    name: str, own_database: AppDatabase, s3_settings: S3Settings
) -> None:
    own_database.users("ann")
    environment = {
        "DATABASE_URL": own_database.url,
        "S3_ENDPOINT_URL": str(s3_settings.endpoint_url),
        "S3_BUCKET": s3_settings.bucket,
        "AWS_ACCESS_KEY_ID": str(s3_settings.access_key_id),
        "AWS_SECRET_ACCESS_KEY": str(s3_settings.secret_access_key),
        "OLLAMA_HOST": "http://127.0.0.1:9",
    }
    done = threads_pipelines(name, environment=environment)
    assert done.returncode == 2
    assert "real accounts (1)" in done.stderr
    assert "--with-real-accounts" in done.stderr
    assert own_database.rows('SELECT count(*) FROM "user"') == [(1,)]
    for key in ("seeds/seed_posts.json", "seeds/seed_users.json"):
        ObjectStore(s3_settings).delete(key)


def test_commands_on_files_succeed(tmp_path: Path) -> None:
    events = tmp_path / "events.csv"
    events.write_text(EVENTS)
    made = threads_pipelines("recommend", "--interactions", events, "--out", tmp_path / "out.csv")
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("name", ["launch", "run", "start"])
def test_a_state_folder_that_cannot_be_written_is_one_line(
    name: str, unreachable: dict[str, str]
) -> None:
    # Nobody can make a folder there, the administrator neither.
    given = {"THREADS_STATE_DIR": "/sys/threads-pipelines"}
    parts = unreachable if name == "launch" else {}
    done = threads_pipelines(*PLAIN[name], environment={**parts, **given})
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "THREADS_STATE_DIR" in line


@pytest.mark.parametrize("password", ["a@b", "a/b", "a#b", "a?b", "a b", "a%b", "ä"])
def test_a_role_password_that_no_address_can_hold_is_refused(
    password: str, unreachable: dict[str, str]
) -> None:
    given = {**unreachable, "THREADS_ROLE_PASSWORD": password}
    done = threads_pipelines("setup", "--role", "pipeline", environment=given)
    assert done.returncode == 2
    assert done.stderr.startswith("Error: THREADS_ROLE_PASSWORD holds a character")
    assert password not in done.stderr
