"""Keeps the state folder to its owner: it holds secrets, people's texts and their behaviour."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

PRIVATE_UMASK = 0o077
"""For processes that write into the state folder."""
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OF_TOOLS = {"venv", "peers", "dist"}
"""Installed programs, which hold nothing of anybody."""
_SERVERS_OWN = {"data"}
"""Data of the servers, which look after its modes themselves."""


def make_private(folder: Path) -> list[str]:
    """Make the state folder, or narrow it and what is in it to mode 0700, files to 0600.

    Args:
        folder: The state folder.

    Returns:
        Warnings about what is open to others and belongs to another user.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return [warning for path in _held(folder) if (warning := _narrow(path, folder))]


def let_pass(folder: Path) -> None:
    """Let other users pass through a folder without a look into it.

    For a PostgreSQL that runs as another user below a folder of root.

    Args:
        folder: The folder.
    """
    folder.chmod(stat.S_IMODE(folder.stat().st_mode) | stat.S_IXGRP | stat.S_IXOTH)


def _held(folder: Path) -> Iterator[Path]:
    yield folder
    for name, folders, files in os.walk(folder):
        top = Path(name) == folder
        if top:
            folders[:] = [one for one in folders if one not in _OF_TOOLS]
        yield from (Path(name) / one for one in [*folders, *files])
        if not top:
            folders[:] = [one for one in folders if one not in _SERVERS_OWN]


def _narrow(path: Path, state: Path) -> str | None:
    try:
        found = path.lstat()
        mode = stat.S_IMODE(found.st_mode)
        if stat.S_ISLNK(found.st_mode) or stat.S_ISSOCK(found.st_mode) or not mode & _OTHERS:
            return None
        if found.st_uid == os.geteuid():
            path.chmod(mode & ~_OTHERS)
            if path == state and _of_another_user(state / "postgres"):
                let_pass(state)
            return None
    except FileNotFoundError:  # another command deleted it
        return None
    if path == state:
        return (
            f"{path} is open to other users (mode {mode:o}) and belongs to another one: let its "
            f"owner run `chmod -R go= {path}`, or set THREADS_STATE_DIR to a folder of your own"
        )
    return None


def _of_another_user(folder: Path) -> bool:
    return folder.exists() and folder.stat().st_uid != os.geteuid()
