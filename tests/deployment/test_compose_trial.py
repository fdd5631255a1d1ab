"""What the trial of the containers does before it has an engine; the trial itself needs root."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from threads_pipelines.cli.main import cli
from threads_pipelines.settings import PROJECT_ROOT
from tools.compose_trial import images, packages
from tools.compose_trial.project import guide


def test_every_command_of_the_morning_after_is_tried() -> None:
    lines = guide("The morning after")
    assert len(lines) >= 12
    for line in lines:
        program, command, *_ = shlex.split(line)
        assert program == "threads-pipelines"
        assert command in cli.commands


def test_the_stand_ins_have_the_names_that_the_project_uses() -> None:
    text = (PROJECT_ROOT / "docker-compose.yml").read_text()
    for name in (images.POSTGRES, images.SEAWEEDFS, images.OLLAMA):
        assert f"image: {name}\n" in text
    assert f"FROM {images.PYTHON}\n" in (PROJECT_ROOT / "Dockerfile").read_text()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = packages.missing()
    assert "the program apt-get" in missing
    assert "the program unshare" in missing


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run as somebody else")
def test_who_is_not_root_is_told_and_nothing_is_done() -> None:
    code = "import os, sys; os.setuid(65534); sys.exit(trial.main())"
    finished = subprocess.run(
        [sys.executable, "-c", "from tools.compose_trial import __main__ as trial; " + code],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr.startswith("SKIPPED: the trial of the containers needs ")
    assert "root" in finished.stderr
