"""The stack as a whole: which parts are needed, and how they are reported."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.embedded.open_paths import open_to_others
from threads_pipelines import settings
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.part_status import PARTS, needed_parts
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.errors import StackError
from threads_pipelines.s3_settings import DEFAULT_BUCKET

OWN = {
    "DATABASE_URL": "postgresql://me@db.example/app",
    "S3_BUCKET": "mine",
    "OLLAMA_HOST": "http://gpu:11434",
}


@pytest.mark.parametrize(
    ("variables", "parts"),
    [
        ([], PARTS),
        (["DATABASE_URL"], ("seaweedfs", "gemma")),
        (["S3_BUCKET"], ("postgres", "gemma")),
        (["OLLAMA_HOST"], ("postgres", "seaweedfs")),
        (["DATABASE_URL", "S3_BUCKET", "OLLAMA_HOST"], ()),
    ],
)
@pytest.mark.parametrize("running", [False, True])
def test_an_address_in_the_environment_replaces_its_part(
    tmp_path: Path, variables: list[str], parts: tuple[str, ...], running: bool
) -> None:
    if running:
        environment = {
            "DATABASE_URL": "postgresql://threads:x@127.0.0.1:1/threads?schema=public",
            "DAGSTER_DATABASE_URL": "postgresql://threads:x@127.0.0.1:1/dagster",
            "S3_ENDPOINT_URL": "http://127.0.0.1:2",
            "S3_BUCKET": "b",
            "AWS_ACCESS_KEY_ID": "a",
            "AWS_SECRET_ACCESS_KEY": "s",
            "OLLAMA_HOST": "http://127.0.0.1:3",
            "OLLAMA_MODEL": "gemma3:270m",
        }
        text = json.dumps({"environment": environment, "processes": {}})
        (tmp_path / "stack.json").write_text(text)
    given = {"THREADS_STATE_DIR": str(tmp_path)} | {name: OWN[name] for name in variables}
    assert needed_parts(settings.load(given)) == parts


def test_nothing_is_started_where_nothing_is_needed(tmp_path: Path) -> None:
    stack = Stack(tmp_path / "state", ())
    assert stack.start() == {}
    assert stack.status() == ()
    stack.stop()
    assert not (tmp_path / "state/stack.json").exists()


def test_the_settings_find_the_running_stack(hurt_stack: Stack) -> None:
    stack = replace(hurt_stack, names=("postgres", "seaweedfs"))
    environment = stack.start()
    found = settings.load({"THREADS_STATE_DIR": str(stack.state_dir)})
    assert found.database_url == sqlalchemy_url(environment["DATABASE_URL"])
    assert found.dagster_database_url.endswith("/dagster")
    assert found.s3.bucket == DEFAULT_BUCKET
    assert needed_parts(found) == PARTS
    assert (stack.state_dir / "stack.json").stat().st_mode & 0o777 == 0o600
    assert open_to_others(stack.state_dir) == []
    processes = json.loads((stack.state_dir / "stack.json").read_text())["processes"]
    assert set(processes) == {"postgres", "seaweedfs"}
    assert [(one.running, one.healthy) for one in stack.status()] == [(True, True)] * 2
    hurt_stack.stop()
    assert set(json.loads((stack.state_dir / "stack.json").read_text())["environment"]) == {
        *("S3_ENDPOINT_URL", "S3_BUCKET", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    }


def test_one_part_that_fails_leaves_the_others_running(
    hurt_stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("threads_pipelines.embedded.text_model.gemma.find_spec", lambda _: None)
    stack = replace(hurt_stack, names=("postgres", "gemma"))
    with pytest.raises(StackError, match=r"xllamacpp.*set OLLAMA_HOST"):
        stack.start()
    assert [one.healthy for one in stack.status()] == [True, False]
