"""The long trials go on where they were left."""

import subprocess
import sys
from pathlib import Path

import pytest

from threads_pipelines.project_files import PROJECT_ROOT

TRIALS = """
import pathlib
import pytest

@pytest.mark.soak
@pytest.mark.parametrize("part", ["steady", "fickle"])
def test_trial(part):
    assert part == "steady" or pathlib.Path(".state/mended").exists()

def test_short():
    assert False
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_trials.py").write_text(TRIALS)
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    soak: long\n")
    (tmp_path / ".gitignore").write_text(".state\n__pycache__\n.pytest_cache\n")
    git(tmp_path, "init", "-q")
    commit(tmp_path)
    return tmp_path


def git(project: Path, *given: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *given], cwd=project, check=True)


def commit(project: Path) -> None:
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "Change")


def soak(project: Path, *words: str) -> tuple[int, list[str]]:
    """Exit code, and how each part ended."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.soak", *words],
        cwd=project,
        env={
            "PYTHONPATH": str(PROJECT_ROOT),
            "PATH": "/usr/bin:/bin",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        stdout=subprocess.PIPE,
        text=True,
    )
    lines = [line.split() for line in done.stdout.replace("\r", "\n").splitlines()]
    ends = [line for line in lines if "::" in line[-1] and line[0] != "running"]
    return done.returncode, [
        f"{line[-2 if line[1] == 'before' else 0]} {line[-1]}" for line in ends
    ]


def test_a_part_that_has_passed_is_not_run_again_until_something_changes(project: Path) -> None:
    steady, fickle = (f"test_trials.py::test_trial[{part}]" for part in ("steady", "fickle"))
    assert soak(project) == (1, [f"passed {steady}", f"FAILED {fickle}"])

    (project / ".state" / "mended").touch()
    assert soak(project) == (0, [f"before {steady}", f"passed {fickle}"])
    assert soak(project, "--again", "steady") == (0, [f"passed {steady}"])

    (project / "new.txt").touch()
    assert soak(project, "steady") == (0, [f"passed {steady}"]), "the working tree has changed"
    commit(project)
    assert soak(project, "steady") == (0, [f"passed {steady}"]), "it is another commit"


def test_a_word_that_no_part_has_is_refused(project: Path) -> None:
    assert soak(project, "nothing") == (2, [])
