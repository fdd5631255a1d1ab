"""Local folders for files on their way to S3 or from it, in the folder ``scratch``.

A folder is named by the process that made it, so that another process can delete what a killed one
left behind.
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
    """Yield the path of an empty file ``name`` of mode 0600 in a folder of mode 0700.

    Folder and file are deleted at the end.
    """
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    owner = quote(str(identify()), safe="@ ")
    with tempfile.TemporaryDirectory(dir=scratch, prefix=f"{owner}{_END}") as folder:
        path = Path(folder) / name
        path.touch(mode=0o600)
        yield path


def clean_scratch(scratch: Path) -> list[str]:
    """Delete what processes that have ended left behind; return the names.

    What names no process, as in earlier releases, goes when it is older than a day. The processes
    of other machines and containers cannot be seen: what they left goes by age, too.
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
