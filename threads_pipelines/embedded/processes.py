"""Starts, recognises and stops processes that outlive the process that started them."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from threads_pipelines.embedded.ports import answers
from threads_pipelines.embedded.run_as import MYSELF, RunAs
from threads_pipelines.errors import StackError
from threads_pipelines.process_identity import ProcessIdentity, identify, lives

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Kept so that a child that ends while we live is reaped instead of staying a zombie."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process that was started, with its identity, the port for clients and its log."""

    process: str
    """Its ``ProcessIdentity`` as text."""
    port: int
    log: str

    @property
    def pid(self) -> int:
        """Number of the process."""
        return ProcessIdentity.parse(self.process).pid


def spawn(
    command: Sequence[str],
    *,
    port: int,
    log: Path,
    folder: Path,
    environment: Mapping[str, str],
    run_as: RunAs = MYSELF,
) -> ProcessRecord:
    """Start a process in its own session, so that it survives this process and the terminal.

    Everything that it creates, including sockets, is accessible to its own user only.

    Args:
        command: Program and arguments.
        port: The port for clients.
        log: The file to which its output is appended.
        folder: Its working folder.
        environment: All its variables.
        run_as: The user.

    Returns:
        The process.

    Raises:
        StackError: It cannot be started.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        child = subprocess.Popen(
            [*run_as.prefix, *command],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            umask=0o077,
            user=run_as.uid,
            group=run_as.gid,
            extra_groups=None if run_as.uid is None else [],
        )
    finally:
        os.close(descriptor)
    process = str(identify(child.pid))
    _children[child.pid] = child  # only now: whoever finds it ended takes it from the system
    return ProcessRecord(process, port, str(log))


def is_running(record: ProcessRecord) -> bool:
    """Return whether exactly this process lives: not a zombie, and not another with its number.

    Args:
        record: The process.

    Returns:
        Whether it lives.
    """
    for pid, child in list(_children.items()):  # a copy: parts start and stop in threads
        if child.poll() is not None:
            _children.pop(pid, None)
    return lives(ProcessIdentity.parse(record.process))


def listens(record: ProcessRecord) -> bool:
    """Return whether the process itself, and no other one, listens on its port.

    Args:
        record: The process.

    Returns:
        Whether it listens.
    """
    try:
        connections = psutil.Process(record.pid).net_connections("tcp4")
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:  # another user's process, seen from a container's lesser root
        return answers(record.port)
    return any(
        one.status == psutil.CONN_LISTEN and one.laddr.port == record.port for one in connections
    )


def stop(record: ProcessRecord, polite: signal.Signals, timeout: float = 20.0) -> None:
    """End a process: first with a signal, after the timeout by SIGKILL to its process group.

    Args:
        record: The process.
        polite: The first signal.
        timeout: Seconds to wait.

    Raises:
        StackError: The process does not end, or belongs to another user.
    """
    for number, seconds in ((polite, timeout), (signal.SIGKILL, 10.0)):
        if not is_running(record):
            return
        try:
            if number == signal.SIGKILL:
                os.killpg(record.pid, number)
            else:
                os.kill(record.pid, number)
        except ProcessLookupError:
            return
        except PermissionError as error:
            raise StackError(
                f"Process {record.pid} belongs to another user: stop the stack as the user "
                "who started it"
            ) from error
        deadline = time.monotonic() + seconds
        while is_running(record) and time.monotonic() < deadline:
            time.sleep(0.02)
    if is_running(record):
        raise StackError(f"Process {record.pid} does not end; its log: {record.log}")


def end_leftovers(program: str, folder: Path) -> None:
    """Kill every process of a program that works in a folder.

    Such processes remain when a start was killed before it wrote its record, or when a server was
    killed that had children.

    Args:
        program: Name of the program, or one of its arguments.
        folder: The working folder.
    """
    left = [process for process in psutil.process_iter() if _works_in(process, program, folder)]
    for process in left:
        process.kill()
    psutil.wait_procs(left, timeout=10)


def _works_in(process: psutil.Process, program: str, folder: Path) -> bool:
    try:
        arguments = process.cmdline()
        if process.name() != program and program not in arguments:
            return False
        return str(folder) in arguments or Path(process.cwd()) == folder.resolve()
    except (psutil.Error, OSError):
        return False
