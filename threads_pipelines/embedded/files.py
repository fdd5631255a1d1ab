"""Files of the stack: secrets that only their owner reads, writes that are all or nothing."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from threads_pipelines.errors import StackError


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 atomically: a reader sees the old text or the new one."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with disk_errors(path.parent):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def read_json(path: Path) -> Any:
    """Read a JSON file; None where there is none or it holds no JSON (it is written anew then)."""
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    """Return the secret kept in the file, made up and written with mode 0600 at first use."""
    try:
        kept = path.read_text()
    except FileNotFoundError:
        kept = ""
    if not kept.strip():
        kept = make()
        write_private(path, kept)
    return kept


def require_space(folder: Path, needed: int) -> None:
    """Raise StackError where the folder's disk has less than ``needed`` bytes left."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StackError(
            f"The disk of {folder} is nearly full: {free / 1e6:,.0f} MB are free and the embedded "
            f"stack needs {needed / 1e6:,.0f} MB. Free some space, or set THREADS_STATE_DIR to a "
            "folder on another disk"
        )


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Translate a full disk and a folder of somebody else into a StackError that says so."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise StackError(disk_full(folder)) from error
        if error.errno in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise StackError(
                f"{error.filename or folder} cannot be written ({error.strerror}): give it to the "
                "user who runs this, or set THREADS_STATE_DIR to another folder"
            ) from error
        raise


def disk_full(folder: Path) -> str:
    """Say that the disk is full and what to do."""
    return (
        f"The disk of {folder} is full: free some space, or set THREADS_STATE_DIR to a folder "
        "on another disk, then start again"
    )
