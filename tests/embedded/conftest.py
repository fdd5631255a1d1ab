"""Stacks of the tests' own, apart from the shared servers, so that they can be killed."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from threads_pipelines.embedded.stack import Stack

FAST = {"fsync": "off", "full_page_writes": "off"}
MakeStack = Callable[..., Stack]


@pytest.fixture
def make_stack(state_dir: Path, tmp_path: Path) -> Iterator[MakeStack]:
    """Make stacks in folders of their own; what they started is stopped at the end."""
    made: list[Stack] = []

    def make(*names: str, folder: str = "one", timezone: str = "UTC") -> Stack:
        place = state_dir / tmp_path.name / folder
        options = {**FAST, "timezone": timezone}
        made.append(Stack(place, names or ("postgres",), postgres_options=options))
        return made[-1]

    yield make
    for stack in made:
        stack.stop()
    shutil.rmtree(state_dir / tmp_path.name, ignore_errors=True)


@pytest.fixture(scope="session")
def hurt_stack(state_dir: Path) -> Iterator[Stack]:
    """A PostgreSQL that tests hurt in turn: each begins with a start, which heals."""
    stack = Stack(state_dir / "hurt", ("postgres",), postgres_options=FAST)
    yield stack
    Stack(stack.state_dir).stop()


def wait_until_dead(stack: Stack) -> None:
    deadline = time.monotonic() + 10
    while any(part.running for part in stack.status()) and time.monotonic() < deadline:
        time.sleep(0.02)
