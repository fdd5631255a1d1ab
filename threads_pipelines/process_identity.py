"""The identity of a process: its number, its start in clock ticks since boot, and the boot.

The system reuses process numbers. The start is never read from the wall clock, because people and
time servers adjust it: after such an adjustment a living process would look like another one.
"""

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

_TEXT = re.compile(r"(\d+)@(\d+)(?:@(\S+))? (.+)")
_PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A process of this or another machine.

    Attributes:
        pid: Its number.
        start: When it started: clock ticks since boot on Linux, elsewhere microseconds since 1970
            as the kernel noted them at the start.
        boot: Id of the boot that ``start`` counts from; empty where the system has none.
        namespace: Where the number means something: the host and, on Linux, its PID namespace.
    """

    pid: int
    start: int
    boot: str
    namespace: str

    def __str__(self) -> str:
        """Return one line, which ``parse`` reads."""
        return f"{self.pid}@{self.start}@{self.boot or '-'} {self.namespace}"

    @classmethod
    def parse(cls, text: str) -> "ProcessIdentity":
        """Read the line that ``str`` wrote.

        Runs of earlier releases have no boot and a start by the wall clock. Their ``boot`` becomes
        "unknown", and they count as alive while any process has their number.

        Args:
            text: The line.

        Returns:
            The identity.

        Raises:
            ValueError: ``text`` does not identify a process.
        """
        found = _TEXT.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} does not identify a process")
        pid, start, boot, namespace = found.groups()
        return cls(int(pid), int(start), _EARLIER if boot is None else boot.strip("-"), namespace)


_EARLIER = "unknown"


def identify(pid: int | None = None) -> ProcessIdentity:
    """Identify a process of this machine.

    Args:
        pid: Number of the process. Default: this process.

    Returns:
        The identity.

    Raises:
        ProcessLookupError: There is no such process.
    """
    number = os.getpid() if pid is None else pid
    return ProcessIdentity(number, _start(number), _boot(), _pid_namespace())


def lives(identity: ProcessIdentity) -> bool:
    """Return whether exactly this process is alive on this machine and in this PID namespace.

    A zombie counts as dead, unless other threads of it still hold its ports and locks.

    Args:
        identity: The process.

    Returns:
        Whether it is alive.
    """
    try:
        if identity.boot != _EARLIER and _start(identity.pid) != identity.start:
            return False
        if _somewhere_else(identity):
            return False
        process = psutil.Process(identity.pid)
        return bool(process.status() != psutil.STATUS_ZOMBIE or process.num_threads() > 1)
    except (ProcessLookupError, psutil.NoSuchProcess):
        return False


def is_gone(identity: ProcessIdentity) -> bool:
    """Return whether a process has certainly ended.

    Processes of other machines and containers cannot be seen from here, so the answer for them is
    False. Processes that started before the latest boot of this machine have ended.

    Args:
        identity: The process.

    Returns:
        Whether it has ended.
    """
    here = identity.namespace == _pid_namespace() or not _somewhere_else(identity)
    return here and not lives(identity)


def _somewhere_else(identity: ProcessIdentity) -> bool:
    """Return whether the process belongs to another boot, machine or PID namespace.

    Within one boot the host name is not compared, because it can change while processes live.
    """
    if identity.boot in ("", _EARLIER):
        return identity.namespace != _pid_namespace()
    return (identity.boot, identity.namespace.split()[-1]) != (
        _boot(),
        _pid_namespace().split()[-1],
    )


def _start(pid: int) -> int:
    try:
        if _PROC.joinpath("self", "stat").exists():
            # The name of the program, in parentheses, can hold anything: count from behind it.
            return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
        return int(psutil.Process(pid).create_time() * 1_000_000)
    except (FileNotFoundError, psutil.NoSuchProcess) as error:
        raise ProcessLookupError(f"there is no process {pid}") from error


def _boot() -> str:
    path = _PROC / "sys" / "kernel" / "random" / "boot_id"
    return path.read_text().strip() if path.exists() else ""


def _pid_namespace() -> str:
    try:
        return f"{socket.gethostname()} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:  # no Linux
        return socket.gethostname()
