"""What counts as the silence of a database, and that it is noticed."""

import queue
import socket

import pytest
from sqlalchemy import make_url

from tests.storage.app_database import AppDatabase
from threads_pipelines.runner.silence import SilenceWatch


def watch(url: str, seconds: float = 60) -> tuple[SilenceWatch, "queue.Queue[str]"]:
    """A watch of one database, and what it said."""
    said: queue.Queue[str] = queue.Queue()
    return SilenceWatch({"the database": url}, seconds, said.put), said


def at(database: AppDatabase, **changes: object) -> str:
    """The address of a database with changes."""
    url = make_url(database.url).set(**changes)  # type: ignore[arg-type]  # by name
    return url.render_as_string(hide_password=False)


def test_a_server_that_nobody_runs_is_a_fault(app_database: AppDatabase) -> None:
    there, _ = watch(app_database.url)
    assert there.fault() is None
    gone, _ = watch(at(app_database, port=1))
    assert "the database does not answer: " in str(gone.fault())
    assert "nothing listens there" in str(gone.fault())


def test_a_server_without_a_free_connection_answers(app_database: AppDatabase) -> None:
    app_database.rows("CREATE ROLE crowded LOGIN PASSWORD 'secret' CONNECTION LIMIT 0")
    try:
        busy, _ = watch(at(app_database, username="crowded", password="secret"))
        assert busy.fault() is None
    finally:
        app_database.rows("DROP ROLE crowded")


@pytest.mark.parametrize("silent", [True, False])
def test_a_server_that_is_silent_ends_the_run_once(app_database: AppDatabase, silent: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        port = deaf.getsockname()[1] if silent else 1
        watching, said = watch(at(app_database, port=port), seconds=1)
        with watching:
            fault = said.get(timeout=60)
        assert ("it is silent" if silent else "nothing listens there") in fault
        assert said.empty()
