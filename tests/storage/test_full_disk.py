"""A disk that fills up in the middle of a publish: a real one, of 128 MB."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.crowd import USERS, expected

# Who may mount: root in a mount namespace of its own, others in a user namespace as well.
NAMESPACES = (
    ["unshare", "--mount"],
    ["unshare", "--user", "--map-root-user", "--mount"],
)


@pytest.fixture(scope="module")
def mounting() -> list[str]:
    """A command's prefix that lets it mount a disk that nobody else sees."""
    if shutil.which("unshare"):
        for prefix in NAMESPACES:
            command = [*prefix, "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
            if subprocess.run(command, capture_output=True, check=False).returncode == 0:
                return prefix
    pytest.skip("no small disk can be mounted: the kernel lets this user have no namespace")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("data", r"No space left on device \(SQLSTATE 53100\); the server's disk is full: free"),
        # The server goes down; if it is up again by then, it says the same as above.
        ("log", r"; (the server (went away|crashed)|the server's disk is full|nothing listens)"),
    ],
)
def test_a_full_disk_loses_nothing_and_the_next_run_repairs(
    state_dir: Path, mounting: list[str], what: str, said: str
) -> None:
    folder = state_dir / f"full {what}"
    command = [*mounting, sys.executable, "-m", "tests.storage.full_disk", str(folder), what]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found["error"].splitlines()) == 1
    assert re.search(said, found["error"])
    assert (found["panics"] > 0) == (what == "log")
    old, new = as_json(expected(0)), as_json(expected(1))
    torn = found["after the fault"]
    assert all(torn[user] in (old[user], new[user]) for user in USERS)
    assert found["unchanged"] > 0
    assert found["after the next run"] == new


def as_json(feeds: dict[str, list[tuple[str, float]]]) -> dict[str, list[list[object]]]:
    return {user: [list(row) for row in feed] for user, feed in feeds.items()}
