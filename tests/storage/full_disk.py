"""A publish onto a full disk, in a process that may mount one: ``python -m ... FOLDER WHAT``.

A server of its own has its data on a small tmpfs. Half the users are served the second night, then
the disk is filled to its last byte; WHAT is ``data``, or ``log`` where the server in addition needs
a new segment of its write-ahead log, which it does not survive. In the end the disk is freed and
the night is run again. Prints as JSON what was found.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
from sqlalchemy import Engine

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import POSTS, USERS, night, publish_night
from tests.storage.publishing import feeds
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.errors import DatabaseError
from threads_pipelines.storage.postgres.contract import create_schema
from threads_pipelines.storage.postgres.database import connect

SIZE = "128m"
HALF = len(USERS) // 2


def main(folder: Path, what: str) -> None:
    disk = folder / "postgres"
    disk.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", disk], check=True)
    stack = Stack(folder, ("postgres",))
    try:
        database = AppDatabase(*_connect(stack))
        create_schema(database.engine)
        database.users(*USERS, "author")
        database.posts("author", *POSTS)
        publish_night(database, 0)

        def source(generation: int) -> Iterator[pa.Table]:
            for row, table in enumerate(night(generation)):
                if row == HALF:
                    fill(disk / "ballast")
                    if what == "log":
                        need_a_segment(database)
                yield table

        try:
            publish_night(database, 1, source, connections=1)
            error = ""
        except DatabaseError as failure:
            error = str(failure)
        (disk / "ballast").unlink()
        database = AppDatabase(*_connect(stack))
        found: dict[str, object] = {"error": error, "after the fault": feeds(database)}
        found["panics"] = (folder / "logs" / "postgres.log").read_text().count("PANIC")
        report = publish_night(database, 1)
        found |= {"unchanged": report.unchanged, "after the next run": feeds(database)}
        print(json.dumps(found))
    finally:
        stack.stop()


def _connect(stack: Stack) -> tuple[Engine, str]:
    url = sqlalchemy_url(stack.start()["DATABASE_URL"])
    return connect(url), url


def fill(ballast: Path) -> None:
    """Write until there is no room."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def need_a_segment(database: AppDatabase) -> None:
    """Use up the log's segments that are there already, until the server is gone."""
    try:
        for _ in range(20):
            database.rows("SELECT pg_switch_wal() FROM pg_logical_emit_message(true, '', 'x')")
    except DatabaseError:
        return
    raise AssertionError("the server found room for its log")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
