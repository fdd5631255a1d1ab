"""The commands, as processes, on a bucket whose versions were made from another database."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.operations.build import store_version
from tests.storage.app_database import AppDatabase
from threads_pipelines.defs.resources.connections import ObjectStorage
from threads_pipelines.storage.postgres.server_identity import read_identity
from threads_pipelines.storage.s3.pins import read_pin

COMMAND = Path(sys.executable).parent / "threads-pipelines"
DAY = "2026-11-22"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command in the environment of the test."""
    return subprocess.run(
        [COMMAND, *arguments], env=os.environ, capture_output=True, text=True, check=False
    )


def test_the_versions_of_another_database_are_refused_until_adopted(
    environment: pytest.MonkeyPatch, app_database: AppDatabase, own_database: AppDatabase
) -> None:
    store = ObjectStorage().artefacts()
    as_of = datetime(2026, 11, 22, 2, tzinfo=UTC).replace(tzinfo=None)
    store_version(store, DAY, "v1", as_of, [("ann", "p1", 0.9)])
    theirs = read_identity(app_database.engine)
    store.change_facts(DAY, "v1", lambda facts: replace(facts, database=theirs))
    assert "v1" in run("versions").stdout

    environment.setenv("DATABASE_URL", own_database.url)
    refused = run("versions")
    assert refused.returncode == 2
    assert "v1" not in refused.stdout
    assert "threads-pipelines adopt" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert read_pin(store.objects) is None
    checked = run("check", "--part", "history")
    assert checked.returncode == 1
    assert "FAIL  history" in checked.stdout
    assert str(theirs) in checked.stdout
    for command in ("release", "prune", "dry-run"):
        stopped = run(command)
        assert stopped.returncode == 1, command
        assert "Stopped before anything was done: history: version v1" in stopped.stdout
    assert not list(store.objects.listing("pins/"))

    adopted = run("adopt")
    assert (adopted.returncode, adopted.stderr) == (0, "")
    assert adopted.stdout == f"adopted: versions made from {theirs}\n"
    assert "nothing to adopt" in run("adopt").stdout
    assert "ok    history" in run("check", "--part", "history").stdout
    assert "v1" in run("versions").stdout
