"""The parts of the stack by name: which are needed, and their status."""

from dataclasses import dataclass
from pathlib import Path

from threads_pipelines import settings

PARTS = ("postgres", "seaweedfs", "gemma")


@dataclass(frozen=True, slots=True)
class PartStatus:
    """Status of one part, without secrets."""

    name: str
    title: str
    running: bool
    healthy: bool
    address: str | None
    """HOST:PORT; None where the part does not run."""
    pid: int | None
    log: Path


def needed_parts(given: settings.Settings) -> tuple[str, ...]:
    """List the parts for which the environment names no other server.

    Args:
        given: The settings.

    Returns:
        Names of the parts.
    """
    own = {
        "postgres": given.database_url_or_none and "DATABASE_URL" not in given.embedded,
        "seaweedfs": given.s3_or_none and "S3_BUCKET" not in given.embedded,
        "gemma": given.ollama_host_or_none and "OLLAMA_HOST" not in given.embedded,
    }
    return tuple(name for name in PARTS if not own[name])
