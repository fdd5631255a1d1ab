"""A pgbouncer in transaction mode before the tests' PostgreSQL."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest
from sqlalchemy import URL

from tests.deployment.processes import free_ports, wait_for

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
_CONFIG = """\
[databases]
* = host={server.host} port={server.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
default_pool_size = 4
auth_type = scram-sha-256
auth_file = {users}
ignore_startup_parameters =
"""


@contextmanager
def transaction_pooler(server: URL, folder: Path) -> Iterator[URL]:
    """Yield the address of the same database behind pgbouncer; the test skips where there is none.

    server: its user's password is known to the pooler.
    """
    if PROGRAM is None:
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    (port,) = free_ports(1)
    users, config = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"{server.username}" "{server.password}"\n')
    config.write_text(_CONFIG.format(server=server, port=port, users=users))
    command = [PROGRAM, str(config)]
    if os.geteuid() == 0:  # it refuses to run as root
        for path in (users, config):
            shutil.chown(path, "nobody")
        command[1:1] = ["-u", "nobody"]
    log = folder / "pgbouncer.log"
    with log.open("wb") as output:
        pooler = subprocess.Popen(command, stdout=output, stderr=output)
    address = server.set(host="127.0.0.1", port=port)

    def answers() -> bool:
        assert pooler.poll() is None, log.read_text()
        try:
            dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)
            psycopg2.connect(dsn).close()
        except psycopg2.OperationalError:
            return False
        return True

    try:
        wait_for(answers, 30, log.read_text)
        yield address
    finally:
        pooler.terminate()
        pooler.wait()
