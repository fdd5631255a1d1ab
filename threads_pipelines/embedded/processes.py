"""Start, recognise and stop processes that outlive the one that started them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import psutil

from threads_pipelines.errors import StackError
from threads_pipelines.process_identity import ProcessIdentity, identify, lives

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Kept so that a child that ends while we live is reaped instead of staying a zombie."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A process that was started: enough to find it again and to tell it from a recycled pid."""

    process: str
    """Its ``ProcessIdentity`` as text."""
    port: int
    log: str

    @property
    def pid(self) -> int:
        """Its number."""
        return ProcessIdentity.parse(self.process).pid


@dataclass(frozen=True, slots=True)
class RunAs:
    """How a command runs as someone else: a prefix to the command, or a user and group id."""

    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None


MYSELF = RunAs()


def run(
    command: Sequence[str], run_as: RunAs = MYSELF, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, with ``text`` as its input and both outputs as one text."""
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


def spawn(
    command: Sequence[str],
    *,
    port: int,
    log: Path,
    folder: Path,
    environment: Mapping[str, str],
    run_as: RunAs = MYSELF,
) -> ProcessRecord:
    """Start a process in a session of its own, so that it survives us and our terminal.

    Its output is appended to ``log``; it sees ``environment`` only. Whatever it makes, sockets
    included, is open to its own user alone.
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
    """Tell whether the very process of the record lives: not a zombie, not a recycled pid."""
    for pid, child in list(_children.items()):  # a copy: parts start and stop in threads
        if child.poll() is not None:
            _children.pop(pid, None)
    return lives(ProcessIdentity.parse(record.process))


def listens(record: ProcessRecord) -> bool:
    """Tell whether the process itself, rather than some other one, listens on its port."""
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
    """End the process: ``polite`` first, SIGKILL to its whole group after ``timeout`` seconds."""
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
    """Kill every process of ``program`` (its name, or an argument) that works in ``folder``.

    These are orphans: of a start that was killed before it wrote its record, or the children of a
    killed server.
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


def free_ports(wanted: Sequence[int]) -> list[int]:
    """Give one free loopback port for each wanted one: itself where it is free (0 means any)."""
    with ExitStack() as stack:
        return [_reserve(stack, port) for port in wanted]


def _reserve(stack: ExitStack, port: int) -> int:
    holder = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        if answers(port):
            port = 0
        holder.bind(("127.0.0.1", port))
    except OSError:
        holder.bind(("127.0.0.1", 0))
    return int(holder.getsockname()[1])


def answers(port: int) -> bool:
    """Tell whether something listens on the loopback port."""
    if port == 0:
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
