"""A process is told from every other one, whatever happens to the clock and the host's name."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import psutil
import pytest

from threads_pipelines.process_identity import ProcessIdentity, identify, is_gone, lives

NAMESPACE = identify().namespace.split()[-1]


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


@pytest.mark.parametrize("step", [-86400, -7, -1, 1, 7, 86400])
def test_a_step_of_the_clock_changes_no_identity(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    before = identify(sleeper.pid)
    booted = psutil.boot_time()
    # What Linux reports after the clock was set: the boot moves with it.
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: booted + step)
    assert identify(sleeper.pid) == before
    assert lives(before)
    assert not is_gone(before)
    sleeper.kill()
    sleeper.wait()
    assert not lives(before)
    assert is_gone(before)


def test_an_identity_is_one_line_that_is_read_back() -> None:
    me = identify()
    assert ProcessIdentity.parse(str(me)) == me
    assert "\n" not in str(me)
    assert ProcessIdentity.parse(str(replace(me, boot=""))) == replace(me, boot="")
    for text in ("", "7", "7@x host", "somebody"):
        with pytest.raises(ValueError, match="does not identify a process"):
            ProcessIdentity.parse(text)


def test_a_zombie_is_dead() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert not lives(identify(child))
    os.waitpid(child, 0)
    with pytest.raises(ProcessLookupError, match=f"no process {child}"):
        identify(child)


def test_only_what_could_be_seen_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    me = identify()
    recycled = replace(me, start=me.start - 1)
    assert is_gone(recycled)
    assert not is_gone(replace(recycled, boot="other", namespace=f"another-host {NAMESPACE}"))
    assert not is_gone(replace(recycled, namespace=f"{socket.gethostname()} pid:[1]"))
    assert is_gone(replace(me, boot="other")), "the machine was started again"
    monkeypatch.setattr(socket, "gethostname", lambda: "renamed")
    assert lives(me)
    assert is_gone(recycled)


def test_the_identity_of_an_earlier_release_is_judged_by_its_number() -> None:
    def earlier(pid: int, place: str) -> ProcessIdentity:
        return ProcessIdentity.parse(f"{pid}@1795600000 {place}")

    here = identify().namespace
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert is_gone(earlier(ended.pid, here))
    assert not is_gone(earlier(os.getpid(), here))
    assert not is_gone(earlier(ended.pid, "another-host pid:[1]"))
