"""Run the trial: ``python -m tools.compose_trial [--resume] [PART ...]``.

Exit code 0 where it passes, 1 where it fails, 2 for an unknown part, and 77 where this machine
cannot run it, so that CI can tell a skipped trial from a passed one.
"""

import argparse
import os
import shutil
import signal
import sys
import time
from pathlib import Path

from threads_pipelines.project_files import PROJECT_ROOT
from tools.compose_trial import engine, packages
from tools.compose_trial.parts import PARTS, Trial
from tools.compose_trial.progress import Progress
from tools.compose_trial.project import Project

SKIPPED = 77
_STOPPED = 128
_REMOVE_ALL = (
    "docker ps --all --quiet | xargs --no-run-if-empty docker rm --force --volumes; "
    "docker volume prune --all --force; docker network prune --force"
)
_UNCOPIED = (".git", ".state", ".env", "__pycache__", ".*_cache", ".hypothesis")


def main(arguments: list[str] | None = None) -> int:
    """Return the exit code."""
    parser = _parser()
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.parts if name not in PARTS]:
        parser.error(f"there is no part {', '.join(unknown)}: choose of {', '.join(PARTS)}")
    if given.list:
        print("\n".join(PARTS))
        return 0
    try:
        lacking = packages.missing()
        if os.geteuid() != 0:
            lacking.append("root")
        if lacking:
            raise packages.UnavailableError(", ".join(lacking))
        raise_when_told()
        folder = PROJECT_ROOT / ".state" / "compose-trial"
        folder.mkdir(parents=True, exist_ok=True)
        progress = Progress.load(folder / "progress.json")
        todo = wanted(given.parts, resume=given.resume, progress=progress)
        if not todo:
            print(progress.table(list(PARTS)))
            return 0
        root = packages.unpack(folder / "packages")
        with engine.started(root, folder / "docker") as running:
            checkout = _checkout(folder, fresh=todo == list(PARTS))
            project = Project(running, checkout, progress)
            run(Trial(project, root, folder), todo, progress)
    except packages.UnavailableError as error:
        print(f"SKIPPED: the trial of the containers needs {error}", file=sys.stderr)
        return SKIPPED
    except AssertionError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def run(trial: Trial, todo: list[str], progress: Progress) -> None:
    """Go through the parts; at the end, also after a failure, print the table of all figures."""
    if todo == list(PARTS):
        progress.passed, progress.figures = [], {}
        trial.project.shell(_REMOVE_ALL)
    elif "cold-up" in progress.passed:
        trial.project.shell("docker compose up --build --detach --wait")
    try:
        for name in todo:
            print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
            progress.begin(name)
            trial.project.part = name
            began = time.monotonic()
            PARTS[name](trial)
            progress.passes(name, time.monotonic() - began)
    except AssertionError:
        logs = trial.project.shell("docker compose logs --no-color --tail=100", check=False)
        (trial.folder / "logs.txt").write_text(logs.stdout)
        print(f"Logs: {trial.folder / 'logs.txt'}. Go on with: --resume", file=sys.stderr)
        raise
    finally:
        print(progress.table(list(PARTS)), flush=True)
    print("PASSED")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.compose_trial", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help="run these parts alone")
    parser.add_argument("--resume", action="store_true", help="go on with what has not passed")
    parser.add_argument("--list", action="store_true", help="list the parts")
    return parser


def wanted(parts: list[str], *, resume: bool, progress: Progress) -> list[str]:
    """Return the parts to run: those named, those that have not passed, or all."""
    if parts:
        return parts
    return [name for name in PARTS if not (resume and name in progress.passed)]


def _checkout(folder: Path, *, fresh: bool) -> Path:
    """Copy the checkout, so that `.env`, backups and an update touch none of its files."""
    copy = folder / "checkout"
    if fresh:
        shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(
        PROJECT_ROOT, copy, ignore=shutil.ignore_patterns(*_UNCOPIED), dirs_exist_ok=True
    )
    return copy


def raise_when_told() -> None:
    """Let SIGTERM and SIGHUP unwind the stack as Ctrl-C does, so that the engine is ended."""

    def stop(number: int, _frame: object) -> None:
        for ignored in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(ignored, signal.SIG_IGN)
        raise SystemExit(_STOPPED + number)

    for told in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(told, stop)


if __name__ == "__main__":
    sys.exit(main())
