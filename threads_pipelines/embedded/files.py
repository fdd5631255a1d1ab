"""Files of the stack: secrets that only their owner can read, and atomic writes."""

import errno
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from threads_pipelines.errors import StackError


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 atomically: a reader sees the old text or the new one.

    Args:
        path: The file.
        text: The new content.

    Raises:
        StackError: The disk is full, or the folder belongs to another user.
    """
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    with disk_errors(path.parent):
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)


def open_private(path: Path) -> TextIO:
    """Open a file for writing, made with mode 0600.

    Args:
        path: The file.

    Returns:
        The open file, which is kept as long as a lock on it is held.
    """
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "w")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Args:
        path: The file.

    Returns:
        The parsed value; None if the file does not exist or is not JSON.
    """
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    """Read a secret from its file; at first use it is generated and written with mode 0600.

    Args:
        path: The file.
        make: Generates a secret.

    Returns:
        The secret.
    """
    try:
        kept = path.read_text()
    except FileNotFoundError:
        kept = ""
    if not kept.strip():
        kept = make()
        write_private(path, kept)
    return kept


def require_space(folder: Path, needed: int) -> None:
    """Check that the disk of a folder has enough free space.

    Args:
        folder: The folder.
        needed: Bytes.

    Raises:
        StackError: Less is free.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StackError(
            f"The disk of {folder} is nearly full: {free / 1e6:,.0f} MB are free and the embedded "
            f"stack needs {needed / 1e6:,.0f} MB. Free some space, or set THREADS_STATE_DIR to a "
            "folder on another disk"
        )


@contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn a full disk, or a folder of another user, into a StackError that says so.

    Args:
        folder: The folder, for the message.

    Raises:
        StackError: The block failed for one of these reasons.
    """
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
    """Write the message for a full disk.

    Args:
        folder: The folder.

    Returns:
        The message.
    """
    return (
        f"The disk of {folder} is full: free some space, or set THREADS_STATE_DIR to a folder "
        "on another disk, then start again"
    )
