"""A Docker engine in mount, network and process namespaces of its own.

Its bridge, its name server and its published ports are real, and touch nobody. ``slirp4netns``
gives it this machine's network. When its first process ends, all containers end with it.
"""

import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_NAME_SERVER = "10.0.2.3"  # slirp4netns answers there


@dataclass(frozen=True)
class Engine:
    """A running engine."""

    pid: int
    environment: dict[str, str]

    def kill(self, pid: int) -> None:
        """End a process of the engine's own namespace at once, such as the first of a container."""
        subprocess.run(
            ["nsenter", f"--target={self.pid}", "--pid", "--mount", "kill", "-KILL", str(pid)],
            check=True,
        )

    def run(
        self, *command: str, text: str | None = None, check: bool = True, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the engine's network, with ``docker`` on the path."""
        finished = subprocess.run(
            ["nsenter", f"--net=/proc/{self.pid}/ns/net", "--", *command],
            input=text or "",
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=cwd,
            check=False,
        )
        if check and finished.returncode:
            raise AssertionError(
                f"{' '.join(command)} ended with {finished.returncode}:\n"
                f"{finished.stdout[-3000:]}\n{finished.stderr[-3000:]}"
            )
        return finished


@contextmanager
def started(root: Path, data: Path) -> Iterator[Engine]:
    """Start the engine with its images and volumes in ``data``; end everything afterwards."""
    sockets = Path(tempfile.mkdtemp(prefix="compose-trial-"))  # a socket's path must be short
    libraries = [str(path) for path in (root / "usr/lib").glob("*-linux-gnu")]
    path = [str(root / "usr/sbin"), str(root / "usr/bin"), "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    (sockets / "config.json").write_text(
        json.dumps({"cliPluginsExtraDirs": [str(root / "usr/libexec/docker/cli-plugins")]})
    )
    environment = {
        "PATH": ":".join(path),
        "HOME": str(sockets),
        "LD_LIBRARY_PATH": ":".join(libraries),
        "XTABLES_LIBDIR": ":".join(f"{library}/xtables" for library in libraries),
        "DOCKER_HOST": f"unix://{sockets}/docker.sock",
        "DOCKER_CONFIG": str(sockets),
        "BUILDKIT_PROGRESS": "plain",
    }
    daemon = [
        *("dockerd", "--data-root", str(data), "--exec-root", str(sockets / "exec")),
        *("--pidfile", str(sockets / "docker.pid"), "--host", environment["DOCKER_HOST"]),
        *("--storage-driver", "overlay2", "--dns", _NAME_SERVER),
    ]
    data.mkdir(parents=True, exist_ok=True)
    with (data.parent / "dockerd.log").open("wb") as log:
        shell = 'while [ ! -e "$0" ]; do sleep 0.1; done; exec "$@"'
        holder = subprocess.Popen(
            [
                # Ends with this process, however that ends.
                *("setpriv", "--pdeathsig", "KILL"),
                *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *("sh", "-c", shell, str(sockets / "network"), *daemon),
            ],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        network: subprocess.Popen[bytes] | None = None
        try:
            pid = _child(holder.pid)
            network = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "KILL", "slirp4netns", "--configure"),
                    *("--mtu=65520", "--disable-host-loopback", str(pid), "tap0"),
                ],
                env=environment,
                stdout=log,
                stderr=log,
            )
            (sockets / "network").touch()
            engine = Engine(pid, environment)
            _wait(engine, holder, data.parent / "dockerd.log")
            yield engine
        finally:
            _end(holder)
            if network:
                network.kill()
                network.wait()
            shutil.rmtree(sockets, ignore_errors=True)


def _child(pid: int) -> int:
    """Return the first process of the new namespace, once it is there."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for _ in range(100):
        if found := children.read_text().split():
            return int(found[0])
        time.sleep(0.1)
    raise AssertionError("the namespaces cannot be made")


def _wait(engine: Engine, holder: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(300):
        if engine.run("docker", "version", check=False).returncode == 0:
            return
        if holder.poll() is not None:
            break
        time.sleep(0.2)
    raise AssertionError(f"dockerd does not start: {log.read_text(errors='replace')[-3000:]}")


def _end(holder: subprocess.Popen[bytes]) -> None:
    """End dockerd politely, so that it takes its mounts and control groups along; then all."""
    try:
        os.kill(_child(holder.pid), signal.SIGTERM)
        holder.wait(60)
    except (subprocess.TimeoutExpired, OSError, AssertionError):
        os.killpg(holder.pid, signal.SIGKILL)
        holder.wait()
