"""Runs commands as this user or as another one."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RunAs:
    """How a command runs as another user: by a prefix to the command, or by user and group id."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None


MYSELF = RunAs()


def run(
    command: Sequence[str], run_as: RunAs = MYSELF, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        run_as: The user.
        text: Its input.

    Returns:
        Exit code, and both outputs as one text.
    """
    return subprocess.run(
        [*run_as.prefix, *command],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        user=run_as.uid,
        group=run_as.gid,
        extra_groups=None if run_as.uid is None else [],
    )
