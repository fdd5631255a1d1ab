"""Builds and runs the Node.js program of this folder: the app's side of ``user_recommendation``."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from threads_pipelines.project_files import PROJECT_ROOT

SOURCES = Path(__file__).resolve().parent
# Read at import: during the tests THREADS_STATE_DIR names a folder that is gone when they end.
BUILD = Path(os.environ.get("THREADS_STATE_DIR") or PROJECT_ROOT / ".state").absolute() / "consumer"
OLDEST_NODE = 20

_PACKAGES = ("package.json", "package-lock.json", ".npmrc")
_MODELS = ("schema.prisma", "prisma.config.ts")
_PROGRAMS = ("tsconfig.json", "feed.ts", "check.ts")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the program printed, and whether it ended well."""

    zone: str
    """The session's time zone."""
    feeds: dict[str, dict[str, Any]]
    """By user id: ``source`` and ``posts`` (post, author, score, generatedAt, expiresAt)."""
    faults: list[str]


def missing() -> str | None:
    """What keeps the program from being built here, or None."""
    absent = [name for name in ("node", "npm") if shutil.which(name) is None]
    if absent:
        return f"{' and '.join(absent)} not found"
    version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout.strip()
    return f"Node.js {version} is too old" if int(version[1:].split(".")[0]) < OLDEST_NODE else None


def build(folder: Path = BUILD) -> Path:
    """Install, generate and compile what changed since the last time; the checkout stays clean."""
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(folder / "lock"):
        for name in (*_PACKAGES, *_MODELS, *_PROGRAMS):
            shutil.copyfile(SOURCES / name, folder / name)
        with _unless_done(folder, "installed", _PACKAGES) as needed:
            if needed:
                npm(folder, "ci")
        with _unless_done(folder, "generated", (*_PACKAGES, *_MODELS)) as needed:
            if needed:
                shutil.rmtree(folder / "generated", ignore_errors=True)
                npm(folder, "run", "generate")
        with _unless_done(folder, "compiled", (*_PACKAGES, *_MODELS, *_PROGRAMS)) as needed:
            if needed:
                npm(folder, "run", "compile")
    return folder


def npm(folder: Path, *arguments: str, **environment: str) -> str:
    """Run npm there and return what it printed; raise with it when it fails."""
    # Prisma asks its home for news at every command unless told not to.
    environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "NO_COLOR": "1", **environment}
    done = subprocess.run(
        ["npm", "--loglevel=error", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"npm {' '.join(arguments)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def read(
    folder: Path,
    database_url: str,
    users: Sequence[str] = (),
    *,
    session_zone: str | None = None,
    process_zone: str = "UTC",
) -> Reading:
    """Read feeds as the app does; without ``users``, those of everyone who has a row."""
    environment = {**os.environ, "DATABASE_URL": prisma_url(database_url), "TZ": process_zone}
    if session_zone is not None:
        environment["SESSION_TIME_ZONE"] = session_zone
    done = subprocess.run(
        ["node", "dist/check.js"],
        cwd=folder,
        env=environment,
        input=json.dumps(list(users)),
        capture_output=True,
        text=True,
    )
    if not done.stdout:
        raise RuntimeError(f"The reader failed: {done.stderr}")
    answer = json.loads(done.stdout)
    feeds = {feed["user"]: feed for feed in answer["feeds"]}
    reading = Reading(zone=answer["zone"], feeds=feeds, faults=answer["faults"])
    assert (done.returncode == 0) == (not reading.faults), done.stderr
    return reading


def prisma_url(database_url: str) -> str:
    """A SQLAlchemy address as Prisma writes it."""
    return database_url.replace("postgresql+psycopg2://", "postgresql://")


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _unless_done(folder: Path, step: str, names: Sequence[str]) -> Iterator[bool]:
    """Yield whether a step is needed; remember what it was done for once it has succeeded."""
    state = hashlib.sha256(b"\0".join((folder / name).read_bytes() for name in names)).hexdigest()
    stamp = folder / f"{step}.stamp"
    needed = not stamp.exists() or stamp.read_text() != state
    if needed:
        stamp.unlink(missing_ok=True)
    yield needed
    stamp.write_text(state)
