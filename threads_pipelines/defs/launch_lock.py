"""A lock that shows, from any container, whether the process that launched a run lives.

A process in another container cannot be seen. A lock on a file in the state folder can: the
containers of a deployment share the folder one after the other, and the kernel releases the lock
when the process ends for any reason.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

LAUNCH_TAG = "threads-pipelines/launch"
"""Tag of a run that was launched from the command line: names its lock."""
_KEPT_SECONDS = 24 * 3600


@contextmanager
def launch_lock(state_dir: Path, launch: str) -> Iterator[None]:
    """Hold the lock of a launch; its file is deleted at the end.

    Args:
        state_dir: The state folder.
        launch: Value of the run's LAUNCH_TAG.
    """
    path = lock_file(state_dir, launch)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in path.parent.iterdir():  # of processes that ended by an error of their own
        if old.stat().st_mtime < time.time() - _KEPT_SECONDS:
            is_released(state_dir, unquote(old.name))
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
        path.unlink(missing_ok=True)


def is_released(state_dir: Path, launch: str) -> bool:
    """Return whether the process that held the lock has ended before it deleted the file.

    Args:
        state_dir: The state folder.
        launch: Value of the run's LAUNCH_TAG.

    Returns:
        False also where this state folder knows nothing of the launch: it was made elsewhere.
    """
    path = lock_file(state_dir, launch)
    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink(missing_ok=True)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True


def lock_file(state_dir: Path, launch: str) -> Path:
    """Return the path of a launch's lock.

    Args:
        state_dir: The state folder.
        launch: Value of the run's LAUNCH_TAG.

    Returns:
        The path.
    """
    return state_dir / "launches" / quote(launch, safe="")
