"""A real Dask scheduler with real workers, as processes on loopback."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

DASK = [sys.executable, "-W", "ignore", "-m", "dask"]


class Cluster:
    """A scheduler and workers in ``folder``, which the caller stops.

    Attributes:
        scheduler: The scheduler's process.
        workers: The workers' processes.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str], protocol: str = "tcp") -> None:
        self._folder, self._protocol = folder, protocol
        self._environment = {**os.environ, **environment, "PYTHONDONTWRITEBYTECODE": "1"}
        self._address_file = folder / "scheduler.json"
        self.workers: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start_scheduler(f"{protocol}://127.0.0.1:0")

    @property
    def address(self) -> str:
        """Where the scheduler listens."""
        for _ in range(600):
            if self._address_file.is_file() and self._address_file.stat().st_size:
                return str(json.loads(self._address_file.read_text())["address"])
            time.sleep(0.1)
        raise TimeoutError((self._folder / "scheduler.log").read_text())

    def start_scheduler(self, address: str) -> "subprocess.Popen[bytes]":
        """Start the scheduler, at an address that it had before where one is named."""
        host, _, port = address.removeprefix(f"{self._protocol}://").rpartition(":")
        self._address_file.unlink(missing_ok=True)
        self.scheduler = self._start(
            "scheduler",
            *("scheduler", "--host", host, "--port", port, "--no-dashboard"),
            *("--scheduler-file", str(self._address_file), "--protocol", self._protocol),
        )
        return self.scheduler

    def add_worker(self) -> "subprocess.Popen[bytes]":
        """Start one more worker, in one process."""
        name = f"worker-{len(self.workers)}"
        worker = self._start(
            name,
            *("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard"),
            *("--name", name, "--local-directory", str(self._folder / name)),
            *("--host", "127.0.0.1", "--memory-limit", "0"),
        )
        self.workers.append(worker)
        return worker

    def log(self, name: str) -> str:
        """What a process has printed."""
        return (self._folder / f"{name}.log").read_text()

    def stop(self) -> None:
        """Kill every process that was started."""
        for process in (*self.workers, self.scheduler):
            process.kill()
            process.wait()

    def _start(self, name: str, *arguments: str) -> "subprocess.Popen[bytes]":
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [*DASK, *arguments],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
