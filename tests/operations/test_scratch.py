"""Files on their way to S3: private, and cleaned up after processes that were killed."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.storage.s3.scratch import temporary_file

KILLED = """
import os, signal, sys
from pathlib import Path
from threads_pipelines.storage.s3.scratch import temporary_file
with temporary_file(Path(sys.argv[1]), "rows.parquet") as path:
    path.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_step_deletes_what_killed_processes_left_and_nothing_else(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("THREADS_STATE_DIR", str(tmp_path))
    scratch = tmp_path / "scratch"
    subprocess.run([sys.executable, "-c", KILLED, str(scratch)], check=False)
    (left,) = scratch.iterdir()
    for name in ("artefact-old", "artefact-new"):
        (scratch / name).mkdir()
    long_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(scratch / "artefact-old", (long_ago, long_ago))
    with temporary_file(scratch, "rows.parquet") as path:
        os.utime(path.parent, (long_ago, long_ago))
        ObjectStorage().artefacts()
        assert path.exists()
        assert not left.exists()
        assert {entry.name for entry in scratch.iterdir()} == {"artefact-new", path.parent.name}


def test_files_on_their_way_are_their_owners_alone(tmp_path: Path) -> None:
    scratch = tmp_path / "state" / "scratch"
    with temporary_file(scratch, "rows.parquet") as path:
        path.write_bytes(b"rows")
        modes = [part.stat().st_mode & 0o777 for part in (path, path.parent, scratch)]
    assert modes == [0o600, 0o700, 0o700]
    assert list(scratch.iterdir()) == []
