"""The services of docker-compose.yml as processes on this machine, on the embedded parts.

Each has a process group of its own, which is killed as a whole: as a container dies.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx

from tests.deployment.compose import services
from threads_pipelines.project_files import PROJECT_ROOT

SERVICES = ("code", "webserver", "daemon")
# What was compiled once need not be compiled again for each night.
_KEPT = ("PATH", "HOME", "NUMBA_CACHE_DIR", "MPLCONFIGDIR")


@dataclass(slots=True)
class Deployment:
    """Code server, web server and daemon in ``folder``, with their logs."""

    folder: Path
    variables: dict[str, str]
    ports: dict[str, int] = field(default_factory=dict)
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """DAGSTER_HOME, which holds dagster.yaml as the image does."""
        return self.folder / "home"

    def prepare(self) -> None:
        """Make the home and choose free ports."""
        self.home.mkdir(parents=True)
        shutil.copyfile(PROJECT_ROOT / "dagster.yaml", self.home / "dagster.yaml")
        self.ports = dict(zip(("code", "webserver"), free_ports(2), strict=True))

    def environment(self) -> dict[str, str]:
        """The environment of every service."""
        return {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "PYTHONDONTWRITEBYTECODE": "1",
            "DAGSTER_HOME": str(self.home),
            "THREADS_STATE_DIR": str(self.folder / "state"),
            "THREADS_CODE_HOST": "127.0.0.1",
            "THREADS_CODE_PORT": str(self.ports["code"]),
            **self.variables,
        }

    def start(self, *names: str) -> None:
        """Start services with the commands of the compose file, on loopback and these ports."""
        for name in names:
            program, *arguments = services()[name]["command"]
            command = [str(Path(sys.executable).parent / program), *arguments]
            if "--host" in command:
                command[command.index("--host") + 1] = "127.0.0.1"
                command[command.index("--port") + 1] = str(self.ports[name])
            with (self.folder / f"{name}.log").open("ab") as log:
                self.running[name] = subprocess.Popen(
                    command,
                    cwd=PROJECT_ROOT,
                    env=self.environment(),
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            if name in self.ports:
                wait_for(partial(self.answers, name), 120, self.logs)

    def kill(self, *names: str) -> None:
        """End services and all that they started at once, without a word."""
        for name in names:
            process = self.running.pop(name)
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def answers(self, name: str) -> bool:
        """Whether a service answers; raises where its process has ended."""
        if self.running[name].poll() is not None:
            raise AssertionError(f"{name} has ended:\n{self.logs()}")
        if name == "webserver":
            try:
                return httpx.get(f"{self.url}/server_info", timeout=5).is_success
            except httpx.HTTPError:
                return False
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[name])) == 0

    @property
    def url(self) -> str:
        """Address of the web server."""
        return f"http://127.0.0.1:{self.ports['webserver']}"

    def logs(self) -> str:
        """The end of each service's log."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-3000:]}"
            for path in sorted(self.folder.glob("*.log"))
        )

    def stop(self) -> None:
        """End whatever still runs."""
        self.kill(*list(self.running))


def wait_for(
    condition: Callable[[], bool], seconds: float, explain: Callable[[], str] = str
) -> None:
    """Ask until it is so; fail with an explanation where it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not so after {seconds:.0f} s\n{explain()}")
        time.sleep(0.3)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on right now, each another one."""
    with ExitStack() as held:
        probes = [held.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
