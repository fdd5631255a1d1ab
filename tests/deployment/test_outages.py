"""A run whose database goes away, falls silent, or whose own process is killed; as processes."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from sqlalchemy import make_url

from tests.cli.command import PROGRAM, threads_pipelines
from tests.deployment.conftest import PEOPLE
from tests.deployment.processes import wait_for
from tests.embedded.open_paths import open_to_others
from tests.storage.app_database import AppDatabase
from tests.storage.swallowing_proxy import swallowing_proxy
from threads_pipelines import settings
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.project_files import SEEDS_DIR
from threads_pipelines.storage.postgres import contract, database
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.synthetic.seed_files import upload_seeds

PATIENCE = 60.0
QUICK = {"THREADS_SILENCE_SECONDS": "3"}


@pytest.fixture(scope="module")
def server(state_dir: Path) -> Iterator[Stack]:
    """PostgreSQL and S3 of these tests' own, so that they can be killed, with people."""
    made = Stack(state_dir / "outages", ("postgres", "seaweedfs"))
    engine = database.connect(sqlalchemy_url(made.start()["DATABASE_URL"]))
    contract.create_schema(engine)
    AppDatabase(engine, "").rows(PEOPLE)
    yield made
    made.stop()


@pytest.fixture
def parts(server: Stack, tmp_path: Path) -> dict[str, str]:
    """The environment of commands; a server that an earlier test killed is started again."""
    given = server.start()
    given |= {"OLLAMA_HOST": "http://127.0.0.1:1", "THREADS_STATE_DIR": str(tmp_path / "state")}
    store = ObjectStore(settings.load(given).s3)
    store.ensure_bucket()
    upload_seeds(store, SEEDS_DIR)
    return given


class Command:
    """A command that runs, with the lines that it wrote."""

    def __init__(self, *words: str, environment: dict[str, str]) -> None:
        """Start it."""
        self.process = subprocess.Popen(
            [str(PROGRAM), *words],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.lines: list[str] = []
        self.errors: list[str] = []
        self._readers = [
            threading.Thread(target=lines.extend, args=(stream,))
            for stream, lines in (
                (self.process.stdout, self.lines),
                (self.process.stderr, self.errors),
            )
            if stream
        ]
        for reader in self._readers:
            reader.start()

    def wait_until(self, words: str) -> None:
        """Wait until a line has these words."""
        wait_for(
            lambda: any(words in line for line in list(self.lines)),
            420,
            lambda: "".join(self.lines + self.errors),
        )

    def end(self) -> int:
        """Wait for the end, and return the exit code."""
        code = self.process.wait()
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()
        return code

    def run(self) -> psutil.Process:
        """The process of the run."""
        (child,) = (
            one
            for one in psutil.Process(self.process.pid).children()
            if "threads_pipelines.runner.launch" in one.cmdline()
        )
        return child


@contextmanager
def command(*words: str, environment: dict[str, str]) -> Iterator[Command]:
    """A command, of which nothing is left afterwards."""
    started = Command(*words, environment=environment)
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            started.process.kill()
        started.end()


def session(number: int) -> list[psutil.Process]:
    """Living processes of a run's session, by the list of all processes."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getsid(process.pid) == number and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def one_line(ended: Command) -> str:
    """The only line on standard error."""
    (line,) = ended.errors
    assert "Traceback" not in "".join(ended.lines)
    return line


def kill_postgres(server: Stack) -> None:
    (postgres,) = replace(server, names=("postgres",)).status()
    assert postgres.pid
    os.kill(postgres.pid, signal.SIGKILL)  # its children see it and end


def ended_without_database(server: Stack, started: Command) -> str:
    """Kill the server; return the one line of the command, which ends by itself."""
    run = started.run()
    kill_postgres(server)
    assert started.process.wait(PATIENCE) == 1
    started.end()
    assert session(run.pid) == []
    line = one_line(started)
    assert "nothing listens there: start the server" in line
    assert "go on with: threads-pipelines retry " in line
    return line


@pytest.mark.slow
def test_run_ends_with_one_line_where_the_database_goes_down_midway(
    server: Stack, parts: dict[str, str]
) -> None:
    with command("run", "--with-real-accounts", environment={**parts, **QUICK}) as started:
        started.wait_until("seed_posts               done")
        ended_without_database(server, started)


@pytest.mark.soak
def test_a_night_goes_on_after_the_database_went_down_midway(
    server: Stack, parts: dict[str, str]
) -> None:
    words = ("launch", "nightly_recommendations")
    with command(*words, environment={**parts, **QUICK}) as started:
        started.wait_until("interaction_matrix       done")
        line = ended_without_database(server, started)
    server.start()
    again = threads_pipelines("retry", line.split()[-1], environment=parts)
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.slow
def test_a_killed_run_leaves_no_process(parts: dict[str, str]) -> None:
    with command("launch", "nightly_recommendations", environment=parts) as started:
        started.wait_until("check_services           done")
        run = started.run()
        wait_for(lambda: len(session(run.pid)) > 3, 120)  # a step runs beside fork server and run
        started.process.kill()  # the starter first: nobody is there to clean up
        os.kill(run.pid, signal.SIGKILL)
        wait_for(lambda: session(run.pid) == [], PATIENCE, lambda: str(session(run.pid)))
    after = threads_pipelines("launch", "services_check", environment=parts)
    assert "lost its process. Go on with: threads-pipelines retry " in after.stdout
    state = Path(parts["THREADS_STATE_DIR"])
    assert (state / "logs" / "launch.log").is_file()
    assert open_to_others(state) == []


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [pytest.param("3"), pytest.param("30", marks=pytest.mark.soak)])
def test_a_swallowed_connection_ends_the_run_with_one_line(
    parts: dict[str, str], seconds: str
) -> None:
    address = make_url(parts["DATABASE_URL"])
    assert address.port
    with swallowing_proxy(address.port) as proxy:
        through = {
            name: make_url(parts[name]).set(port=proxy.port).render_as_string(hide_password=False)
            for name in ("DATABASE_URL", "DAGSTER_DATABASE_URL")
        }
        limits = {"THREADS_SILENCE_SECONDS": seconds}
        with command(
            "launch", "experiment_reports", environment={**parts, **through, **limits}
        ) as started:
            started.wait_until("check_services           done")
            run = started.run()
            proxy.swallow()
            assert started.process.wait(120) == 1
            started.end()
            assert "does not answer: " in one_line(started)
            assert session(run.pid) == []
