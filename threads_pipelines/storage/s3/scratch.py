"""Local folders, below ``scratch``, for files on their way to or from S3.

The name of a folder identifies the process that made it, so that another process can delete what a
killed one left.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, unquote

from threads_pipelines.process_identity import ProcessIdentity, identify, is_gone, lives

_END = "~"
_OLD = timedelta(days=1)


@contextmanager
def temporary_file(scratch: Path, name: str) -> Iterator[Path]:
    """Yield an empty file of mode 0600 in a new folder of mode 0700; both are deleted at the end.

    Args:
        scratch: The folder for temporary folders; it is created if it does not exist.
        name: Name of the file.

    Yields:
        Path of the file.
    """
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = quote(str(identify()), safe="@ ")
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"{owner}{_END}") as folder:
        path = Path(folder) / name
        path.touch(mode=0o600)
        yield path


def clean_scratch(scratch: Path) -> list[str]:
    """Delete what ended processes left behind.

    An entry whose name identifies no process, as in earlier releases, is deleted after a day. So is
    an entry of a process on another machine or in another container, which cannot be seen from
    here.

    Args:
        scratch: The folder for temporary folders.

    Returns:
        Names of the deleted entries.
    """
    deleted = []
    for entry in sorted(scratch.iterdir()) if scratch.is_dir() else ():
        if _is_left_behind(entry):
            if entry.is_dir():
                shutil.rmtree(entry, ignore_errors=True)  # another process may be deleting it
            else:
                entry.unlink(missing_ok=True)
            deleted.append(entry.name)
    return deleted


def _is_left_behind(entry: Path) -> bool:
    owner = _owner(entry.name)
    if owner is not None and is_gone(owner):
        return True
    if owner is not None and lives(owner):
        return False
    try:
        written = datetime.fromtimestamp(entry.stat().st_mtime, UTC)
    except FileNotFoundError:  # its process has just deleted it
        return False
    return datetime.now(UTC) - written > _OLD


def _owner(name: str) -> ProcessIdentity | None:
    try:
        return ProcessIdentity.parse(unquote(name.rpartition(_END)[0]))
    except ValueError:
        return None  # of an earlier release: its age decides
