"""A state folder that was open to other users is narrowed when a command starts."""

import os
from pathlib import Path

import pytest

from tests.cli.command import threads_pipelines
from tests.embedded.open_paths import open_to_others
from threads_pipelines.embedded.private import make_private

NOWHERE = {
    "DATABASE_URL": "postgresql://someone:secret@127.0.0.1:1/app",
    "S3_ENDPOINT_URL": "http://127.0.0.1:1",
    "OLLAMA_HOST": "http://127.0.0.1:1",
}


def wide(folder: Path) -> Path:
    """A state folder as an earlier release made it, with modes of anybody's umask."""
    for name in ("reports", "cache/deep", "logs", "postgres", "seaweedfs/data", "venv/bin"):
        (folder / name).mkdir(parents=True)
        for path in (folder / name, *(folder / name).parents):
            if path.is_relative_to(folder):
                path.chmod(0o755)
        (folder / name / "file").write_text("something")
        (folder / name / "file").chmod(0o664)
    return folder


def test_a_wide_state_folder_is_narrowed_at_the_start_of_a_command(tmp_path: Path) -> None:
    state = wide(tmp_path / "state")
    done = threads_pipelines("start", environment={**NOWHERE, "THREADS_STATE_DIR": str(state)})
    assert done.returncode == 0
    assert done.stderr == ""
    left = {Path(path).relative_to(state).parts[0] for path in open_to_others(state)}
    assert left == {"venv", "seaweedfs"}  # programs, and what the server looks after
    assert open_to_others(state / "seaweedfs") == [str(state / "seaweedfs/data/file")]
    assert state.stat().st_mode & 0o777 == 0o700
    assert (state / "reports" / "file").stat().st_mode & 0o777 == 0o600


def test_a_new_state_folder_is_private(tmp_path: Path) -> None:
    assert make_private(tmp_path / "a" / "state") == []
    assert open_to_others(tmp_path / "a" / "state") == []


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("somebody else's")
    outside.chmod(0o644)
    state = wide(tmp_path / "state")
    (state / "link").symlink_to(outside)
    make_private(state)
    assert outside.stat().st_mode & 0o777 == 0o644


def test_an_open_folder_of_somebody_else_is_warned_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = wide(tmp_path / "state")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    (warning,) = make_private(state)
    assert str(state) in warning
    assert "mode 755" in warning
    assert "THREADS_STATE_DIR" in warning
