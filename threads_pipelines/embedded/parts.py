"""The interface of the three parts of the stack, and the start of a part."""

import json
import signal
import time
from pathlib import Path
from typing import ClassVar, Protocol

from threads_pipelines.embedded import files, processes
from threads_pipelines.embedded.ports import free_ports
from threads_pipelines.embedded.processes import ProcessRecord
from threads_pipelines.errors import StackError

_ATTEMPTS = 3
_PORT_TAKEN = ("address already in use", "port allocation failed")
_LOG_BYTES = 10_000_000


class Part(Protocol):
    """A server of the embedded stack. Its files are in ``folder``."""

    name: ClassVar[str]
    title: ClassVar[str]
    replaced_by: ClassVar[str]
    """The variable that makes this part unnecessary."""
    stop_signal: ClassVar[signal.Signals]
    port_count: ClassVar[int]
    start_seconds: ClassVar[float]

    @property
    def folder(self) -> Path:
        """The folder of the part's files."""

    def prepare(self) -> None:
        """Create everything that must exist before the process starts."""

    def spawn(self, ports: list[int], log: Path) -> ProcessRecord:
        """Start the process.

        Args:
            ports: Free ports, the one for clients first.
            log: The file for its output.

        Returns:
            The process, with the port for clients.
        """

    def healthy(self, port: int) -> bool:
        """Return whether the server works now.

        Args:
            port: The port for clients.

        Returns:
            Whether it answers as it should.
        """

    def finish(self, port: int) -> None:
        """Create what needs the running server, such as databases and buckets.

        Args:
            port: The port for clients.
        """

    def environment(self, port: int) -> dict[str, str]:
        """Return the addresses and credentials for clients.

        Args:
            port: The port for clients.

        Returns:
            Variables by name.
        """

    def clean(self) -> None:
        """Remove what a killed process left behind, inside or outside its folder."""


def launch(part: Part, log: Path) -> ProcessRecord:
    """Start a part and wait until it answers.

    The previous ports are used again if they are free. If another process takes a port in the
    meantime, the start is tried again.

    Args:
        part: The part.
        log: The file for its output.

    Returns:
        The process.

    Raises:
        StackError: The part does not start; the message has the reason.
    """
    with files.disk_errors(part.folder):
        part.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.clean()
        part.prepare()
        if log.exists() and log.stat().st_size > _LOG_BYTES:
            log.replace(log.with_name(f"{log.name}.old"))
    kept = part.folder / "ports.json"
    wanted = files.read_json(kept) or []
    for attempt in range(_ATTEMPTS):
        if len(wanted) != part.port_count or attempt:
            wanted = [0] * part.port_count
        ports = free_ports(wanted)
        files.write_private(kept, json.dumps(ports))
        offset = log.stat().st_size if log.exists() else 0
        record = part.spawn(ports, log)
        try:
            if _wait(part, record):
                part.finish(record.port)
                return record
        except BaseException:
            processes.stop(record, part.stop_signal)
            raise
        timed_out = processes.is_running(record)
        processes.stop(record, part.stop_signal)
        output = _tail(log, offset)
        if not any(words in output.lower() for words in _PORT_TAKEN):
            break
    raise StackError(_reason(part, log, output, timed_out))


def _wait(part: Part, record: ProcessRecord) -> bool:
    deadline = time.monotonic() + part.start_seconds
    pause = 0.02
    while time.monotonic() < deadline and processes.is_running(record):
        if processes.listens(record) and part.healthy(record.port):
            return True
        time.sleep(pause)
        pause = min(pause * 1.3, 0.25)
    return False


def _tail(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset)
        return file.read()[-20_000:].decode(errors="replace")


def _reason(part: Part, log: Path, output: str, timed_out: bool) -> str:
    if "no space left on device" in output.lower():
        return files.disk_full(part.folder)
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "rror" in line] or lines
    last = telling[-1][:300] if telling else "it wrote nothing"
    what = f"did not answer within {part.start_seconds:.0f} s" if timed_out else "ended at once"
    return (
        f"{part.title} {what} ({last}). Its log: {log}. "
        f"To use a server of your own instead, set {part.replaced_by}"
    )
