"""Run the installed command as a person does: as a process with an environment of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROGRAM = Path(sys.executable).parent / "threads-pipelines"


def threads_pipelines(
    *words: object, environment: Mapping[str, str] | None = None, typed: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run ``threads-pipelines WORDS`` to its end; ``environment`` is added to that of the tests."""
    return subprocess.run(
        [PROGRAM, *map(str, words)],
        env={**os.environ, **(environment or {})},
        input=typed,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
