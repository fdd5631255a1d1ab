"""The set-up of a checkout: of two that start at once, one waits."""

import fcntl
import subprocess
import sys
from pathlib import Path

from threads_pipelines.project_files import PROJECT_ROOT

COMMAND = [sys.executable, str(PROJECT_ROOT / "tools" / "set_up.py")]


def test_the_second_waits_and_uses_what_the_first_made(tmp_path: Path) -> None:
    with (tmp_path / "set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen([*COMMAND, tmp_path], stdout=subprocess.PIPE, text=True) as second:
            assert second.stdout
            assert second.stdout.readline().startswith("Another command sets up the same folder")
            (tmp_path / "venv").mkdir()
            (tmp_path / "venv" / ".ready").touch()
            fcntl.flock(lock, fcntl.LOCK_UN)
            assert second.stdout.read() == ""
    assert second.returncode == 0
    assert [path.name for path in (tmp_path / "venv").iterdir()] == [".ready"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = subprocess.run([*COMMAND, tmp_path / "file" / "state"], capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
