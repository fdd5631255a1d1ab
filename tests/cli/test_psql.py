"""psql on the app's database, whatever Prisma's parameters say."""

import os
import shlex
import shutil
import subprocess

import pytest
from sqlalchemy import make_url

from tests.cli.command import threads_pipelines
from threads_pipelines.storage.postgres.contract import create_schema
from threads_pipelines.storage.postgres.database import connect


@pytest.mark.parametrize("schema", ["public", "Threads", "my-schema"])
def test_psql_reaches_the_tables(database_url: str, schema: str) -> None:
    if shutil.which("psql") is None:
        pytest.skip("psql is not installed (Debian: apt-get install postgresql-client)")
    address = make_url(database_url).update_query_dict({"schema": schema})
    create_schema(connect(address.render_as_string(hide_password=False)))
    prisma = address.update_query_dict({"connection_limit": "5", "application_name": "a b"})
    given = prisma.set(drivername="postgresql").render_as_string(hide_password=False)
    printed = threads_pipelines("env", "--psql", environment={"DATABASE_URL": given})
    assert printed.returncode == 0, printed.stderr
    exports = (shlex.split(line)[1].partition("=") for line in printed.stdout.splitlines())
    environment = {name: value for name, _, value in exports}
    query = "SELECT current_schema(), count(*) FROM user_recommendation"
    done = subprocess.run(
        ["psql", "-X", "-A", "-t", "-c", query],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"{schema}|0\n", done.stderr
