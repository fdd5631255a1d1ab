"""The environment of this process, its folders, and the variables of the embedded stack.

No other module reads the environment.
"""

import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from threads_pipelines.errors import ConfigurationError
from threads_pipelines.project_files import FILES, INSTALLED, PROJECT_ROOT


def state_folder(environ: Mapping[str, str] | None = None) -> Path:
    """Return the folder that holds everything the project writes on this machine.

    Args:
        environ: Variables to read in place of the environment of this process.

    Returns:
        An absolute path; the folder need not exist.
    """
    variables = os.environ if environ is None else environ
    given = variables.get("THREADS_STATE_DIR", "").strip()
    return Path(given or _default_state_folder(variables)).absolute()


def variables() -> dict[str, str]:
    """Return the variables of this process.

    Returns:
        A copy of the environment.
    """
    return dict(os.environ)


def dagster_home(state_dir: Path) -> Path:
    """Return the folder that Dagster's processes get as DAGSTER_HOME.

    A folder that DAGSTER_HOME names is used unchanged if it holds a ``dagster.yaml``, as in the
    container. Otherwise it is ``dagster`` in the state folder, with a copy of the project's
    ``dagster.yaml``.

    Args:
        state_dir: The state folder.

    Returns:
        The folder, which exists and holds a ``dagster.yaml``.
    """
    given = Path(os.environ.get("DAGSTER_HOME", "").strip())
    if given.is_absolute() and (given / "dagster.yaml").is_file():
        return given
    home = state_dir / "dagster"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Replaced in one step: another command may be reading it.
    fresh = home / f"dagster.yaml.{os.getpid()}.new"
    shutil.copyfile(FILES / "dagster.yaml", fresh)
    fresh.chmod(0o600)
    fresh.replace(home / "dagster.yaml")
    return home


def keep_matplotlib_in_state_folder() -> None:
    """Keep matplotlib's caches in the state folder. Call it before matplotlib is imported."""
    os.environ.setdefault("MPLCONFIGDIR", str(state_folder() / "cache" / "matplotlib"))


def child_environment(**extra: str) -> dict[str, str]:
    """Return the environment for a process that this one starts.

    Args:
        extra: Variables to add or replace.

    Returns:
        The environment of this process with ``extra``.
    """
    return {**variables(), **extra}


def _default_state_folder(environ: Mapping[str, str]) -> Path:
    """Return `.state` of a checkout, or the user's state folder (XDG) for an installed wheel."""
    if not INSTALLED:
        return PROJECT_ROOT / ".state"
    states = environ.get("XDG_STATE_HOME", "").strip() or Path.home() / ".local" / "state"
    return Path(states) / "threads-pipelines"


def strip_values_of_libraries() -> None:
    """Remove white space around the variables that boto3, httpx and libpq read on their own."""
    for name, value in list(os.environ.items()):
        if name.startswith(("AWS_", "PG", "SSL_CERT_")) or name.lower().endswith("_proxy"):
            stripped = value.strip()
            if stripped != value:
                os.environ[name] = stripped


def running_stack(state_dir: Path) -> dict[str, str]:
    """Return the variables of the embedded stack that runs in a state folder.

    Args:
        state_dir: The state folder.

    Returns:
        The variables by name; empty if no stack runs.

    Raises:
        ConfigurationError: ``stack.json`` cannot be read.
    """
    path = state_dir / "stack.json"
    try:
        return dict(json.loads(path.read_text())["environment"])
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{path} cannot be read ({type(error).__name__}): run `threads-pipelines stop`, "
            "then `threads-pipelines start`"
        ) from error
