"""Compiled functions: when a kept copy is used, and when it is made again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from threads_pipelines import compiled

CALLED = """
from threads_pipelines.compiled import compiled

@compiled
def twice(x):
    return {} * x
"""
CALLER = """
from called import twice
from constants import RAISED
from threads_pipelines.compiled import compiled

@compiled
def raised(x):
    return twice(x) + RAISED
"""
RUN = """
import caller
print(caller.raised(20), sum(caller.raised.dispatcher.stats.cache_hits.values()))
"""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A compiled function, one that calls it, and a constant, each in a file."""
    (tmp_path / "called.py").write_text(CALLED.format(2))
    (tmp_path / "caller.py").write_text(CALLER)
    (tmp_path / "constants.py").write_text("RAISED = 1\n")
    return tmp_path


def run(sources: Path, code: str = RUN) -> list[str]:
    """What a new process prints."""
    root = str(Path(compiled.__file__).parents[1])
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, str(sources)]),
        "THREADS_STATE_DIR": str(sources / "state"),
    }
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=True, text=True
    )
    return done.stdout.split()


def test_a_copy_is_kept_until_something_compiled_changes(sources: Path) -> None:
    assert run(sources) == ["41", "0"]
    (sources / "other.py").write_text("UNRELATED = 1\n")
    assert run(sources) == ["41", "1"]
    (sources / "called.py").write_text(CALLED.format(10))
    assert run(sources) == ["201", "0"]
    assert not list(sources.rglob("__pycache__/*.nbi"))


def test_what_a_copy_depends_on(sources: Path) -> None:
    look = "import caller; from threads_pipelines.compiled import fingerprint\n"
    look += "print(fingerprint(caller.raised.function))"
    seen = [run(sources, look)]
    (sources / "other.py").write_text("UNRELATED = 1\n")
    assert run(sources, look) == seen[0]
    (sources / "constants.py").write_text("RAISED = 2\n")
    seen.append(run(sources, look))
    (sources / "called.py").write_text(CALLED.format(10))
    seen.append(run(sources, look))
    assert len({tuple(one) for one in seen}) == 3
