"""Make the virtual environment of the checkout: ``python3 tools/set_up.py STATE``.

Needs the standard library alone. Of two that start at once, one waits and uses what the other made.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = (ROOT / "requirements.lock", ROOT / "pyproject.toml")


def set_up(state: Path) -> None:
    """Make ``state/venv`` from requirements.lock, unless it is newer than what it is made from."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "set-up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another command sets up the same folder: waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        ready = state / "venv" / ".ready"
        if ready.exists() and all(
            ready.stat().st_mtime >= source.stat().st_mtime for source in SOURCES
        ):
            return
        print("Setting up in .state (once; a minute or two)", flush=True)
        ready.unlink(missing_ok=True)
        _run(sys.executable, "-m", "venv", "--clear", state / "venv")
        pip = (state / "venv" / "bin" / "python", "-m", "pip", "install", "-q")
        _run(*pip, "--require-hashes", "-r", ROOT / "requirements.lock")
        _run(*pip, "--no-deps", "--no-build-isolation", "-e", ROOT)
        ready.touch()


def _run(*command: object) -> None:
    code = subprocess.run([str(word) for word in command], check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    try:
        set_up(Path(sys.argv[1]))
    except OSError as error:
        sys.exit(f"{error.filename} cannot be written ({error.strerror}): give it to your user")
