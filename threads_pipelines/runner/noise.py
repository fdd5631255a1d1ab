"""Keeps what libraries write to standard error away from people, and in a file."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MOST_BYTES = 10_000_000


@contextmanager
def noise_in_file(log: Path) -> Iterator[int]:
    """Send standard error of this process, and of those that it starts, to the end of a file.

    Dagster and the drivers repeat one fault in hundreds of lines. Within the block standard error
    of Python itself (``sys.stderr``) goes to the file as well.

    Args:
        log: The file; above 10 MB it becomes ``NAME.old``.

    Yields:
        A descriptor of the standard error that people read.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _MOST_BYTES:
        log.replace(log.with_name(f"{log.name}.old"))
    screen = os.dup(2)
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    sys.stderr.flush()
    os.dup2(file, 2)
    os.close(file)
    try:
        yield screen
    finally:
        sys.stderr.flush()
        os.dup2(screen, 2)
        os.close(screen)
