"""docker-compose.yml as a person with the example's .env would have it, in plain Python."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from threads_pipelines.project_files import PROJECT_ROOT

COMPOSE = PROJECT_ROOT / "docker-compose.yml"
OURS = ("setup", "code", "webserver", "daemon")
_REFERENCE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")


@cache
def document() -> dict[str, Any]:
    """The file, with anchors and merge keys resolved."""
    parsed: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return parsed


def services() -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = document()["services"]
    return found


def referenced() -> dict[str, str]:
    """Variables of .env that the file refers to: name to "?" (required) or "-" (has a default)."""
    return {name: kind for name, kind, _ in _REFERENCE.findall(COMPOSE.read_text())}


def environment(service: str, env_file: dict[str, str]) -> dict[str, str]:
    """A service's environment with the values of ``env_file`` filled in."""

    def fill(match: re.Match[str]) -> str:
        name, kind, default = match.groups()
        return env_file[name] if kind == "?" else env_file.get(name) or default

    given = services()[service].get("environment", {})
    return {name: _REFERENCE.sub(fill, value) for name, value in given.items()}


def example_variables() -> dict[str, str]:
    """The lines of .env.example."""
    lines = Path(PROJECT_ROOT / ".env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}
