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
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.storage.postgres import contract, database

PATIENCE = 60.0
QUICK = {"THREADS_SILENCE_SECONDS": "3"}


@pytest.fixture
def parts(stack: Stack, tmp_path: Path) -> dict[str, str]:
    """The environment of commands: parts of the test's own, with people in the app's database."""
    given = stack.start()
    engine = database.connect(sqlalchemy_url(given["DATABASE_URL"]))
    contract.create_schema(engine)
    AppDatabase(engine, "").rows(PEOPLE)
    given |= {"OLLAMA_HOST": "http://127.0.0.1:1", "THREADS_STATE_DIR": str(tmp_path / "state")}
    assert threads_pipelines("setup", environment=given).returncode == 0
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


def kill_postgres(stack: Stack) -> None:
    (server,) = replace(stack, names=("postgres",)).status()
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)  # its children see it and end


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "at"),
    [
        (("launch", "nightly_recommendations"), "interaction_matrix       done"),
        (("run", "--with-real-accounts"), "seed_posts               done"),
    ],
    ids=["launch", "run"],
)
def test_a_database_that_goes_down_midway_is_one_line_with_advice(
    stack: Stack, parts: dict[str, str], words: tuple[str, ...], at: str
) -> None:
    with command(*words, environment={**parts, **QUICK}) as started:
        started.wait_until(at)
        run = started.run()
        kill_postgres(stack)
        assert started.process.wait(PATIENCE) == 1
        started.end()
        line = one_line(started)
        assert "nothing listens there: start the server" in line
        assert "go on with: threads-pipelines retry " in line
        assert session(run.pid) == []
    stack.start()
    if words[0] == "launch":
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
            "launch", "nightly_recommendations", environment={**parts, **through, **limits}
        ) as started:
            started.wait_until("check_services           done")
            run = started.run()
            proxy.swallow()
            assert started.process.wait(120) == 1
            started.end()
            assert "does not answer: " in one_line(started)
            assert session(run.pid) == []
