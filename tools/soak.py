"""Runs the long trials part by part, and skips the parts that have passed at this commit.

``python -m tools.soak [--list] [--again] [WORD ...]``: a part is one test with the marker ``soak``;
words choose the parts whose name contains one of them. Results are in ``.state/soak/COMMIT/``: a
JSON file a part, and its output beside it.
"""

import argparse
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

RESULTS = Path(".state") / "soak"
CHANGED = "changed"
"""Folder of the results of a working tree that differs from its commit: nothing is skipped."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a part ended. ended: ISO 8601, UTC."""

    part: str
    passed: bool
    seconds: float
    ended: str


def parts(words: Sequence[str]) -> list[str]:
    """Node ids of the long tests of the project in the working directory.

    Args:
        words: a part is chosen where its id contains one of these; none choose all.

    Raises:
        SystemExit: where the tests cannot be collected.
    """
    done = _pytest("--collect-only", "-q", stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit(f"the tests cannot be collected:\n{done.stdout}")
    known = [line for line in done.stdout.splitlines() if "::" in line]
    return [part for part in known if not words or any(word in part for word in words)]


def commit() -> str:
    """Name of the commit, or ``CHANGED`` where the working tree differs from it."""
    if _git("status", "--porcelain", "--untracked-files=normal"):
        return CHANGED
    return _git("rev-parse", "--short=12", "HEAD")


def has_passed(folder: Path, part: str) -> bool:
    """Tell whether a part has passed at the folder's commit."""
    file = folder / f"{_file_name(part)}.json"
    return folder.name != CHANGED and file.exists() and json.loads(file.read_text())["passed"]


def run(folder: Path, part: str) -> Result:
    """Run one part in a process of its own, and write its result and output to the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with (folder / f"{_file_name(part)}.log").open("w") as log:
        done = _pytest("-q", "-s", part, stdout=log)
    seconds = round(time.monotonic() - began, 1)
    ended = datetime.now(UTC).isoformat(timespec="seconds")
    result = Result(part, done.returncode == 0, seconds, ended)
    (folder / f"{_file_name(part)}.json").write_text(json.dumps(asdict(result), indent=2) + "\n")
    return result


def play(chosen: Iterable[str], folder: Path, *, again: bool) -> list[Result]:
    """Run the parts that have not passed yet, and tell of each."""
    results = []
    for part in chosen:
        if not again and has_passed(folder, part):
            print(f"passed before  {part}")
            continue
        print(f"running        {part}", end="\r", flush=True)
        result = run(folder, part)
        verdict = "passed" if result.passed else "FAILED"
        print(f"{verdict} {result.seconds:6.1f} s  {part}", flush=True)
        results.append(result)
    return results


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen parts; return 1 where one failed."""
    given = _arguments(argv)
    chosen = parts(given.words)
    if not chosen:
        print(f"no long trial has a name with {' or '.join(given.words) or 'any word'} in it")
        return 2
    folder = RESULTS / commit()
    if given.list:
        for part in chosen:
            print(f"{'passed' if has_passed(folder, part) else '-':7} {part}")
        return 0
    try:
        results = play(chosen, folder, again=given.again)
    except KeyboardInterrupt:
        print("\nstopped: the same command goes on with the parts that have not passed")
        return 130
    failed = [result.part for result in results if not result.passed]
    print(f"{len(results)} parts run, {len(failed)} failed; results and output: {folder}")
    return 1 if failed else 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make soak PART=", description=__doc__)
    parser.add_argument("words", nargs="*", help="run the parts whose name contains one of these")
    parser.add_argument("--list", action="store_true", help="list the parts and run nothing")
    parser.add_argument("--again", action="store_true", help="run parts that have passed, too")
    return parser.parse_args(argv)


def _pytest(*given: str, stdout: IO[str] | int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-m", "soak", *given]
    return subprocess.run(command, stdout=stdout, stderr=subprocess.STDOUT, text=True, check=False)


def _git(*given: str) -> str:
    done = subprocess.run(["git", *given], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _file_name(part: str) -> str:
    return re.sub(r"[^\w.-]+", "_", part.removeprefix("tests/"))


if __name__ == "__main__":
    sys.exit(main())
