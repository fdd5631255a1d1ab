"""The compose file under trial: ``docker compose`` with secrets of the trial's own."""

import re
import secrets
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from threads_pipelines.settings import PROJECT_ROOT
from tools.compose_trial.engine import Engine

NAME = "compose-trial"
_SECRETS = ("POSTGRES_PASSWORD", "PIPELINE_PASSWORD", "S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")


@dataclass
class Project:
    """The services, driven as the operator's guide does it."""

    engine: Engine
    env_file: Path
    values: dict[str, str] = field(
        default_factory=lambda: {name: secrets.token_hex(12) for name in _SECRETS}
    )
    figures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Write the file of secrets."""
        self.change()

    def change(self, **values: str) -> None:
        """Change secrets in the file, as a person does."""
        self.values |= values
        self.env_file.touch(mode=0o600)
        self.env_file.write_text("".join(f"{key}={value}\n" for key, value in self.values.items()))

    def compose(
        self, *arguments: str, text: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run ``docker compose`` on the project's file."""
        return self.engine.run(
            *("docker", "compose", "--project-name", NAME, "--env-file", str(self.env_file)),
            *("--file", str(PROJECT_ROOT / "docker-compose.yml")),
            *arguments,
            text=text,
            check=check,
            cwd=PROJECT_ROOT,
        )

    def command(self, *arguments: str, code: int = 0) -> str:
        """Run ``threads-pipelines`` in the container; AssertionError for another exit code."""
        began = time.monotonic()
        finished = self.compose(
            "exec", "--no-TTY", "code", "threads-pipelines", *arguments, check=False
        )
        output = finished.stdout + finished.stderr
        words = " ".join(arguments)
        said = f"threads-pipelines {words}: exit code {finished.returncode}"
        print(f"  {said} ({time.monotonic() - began:.0f} s)", flush=True)
        if finished.returncode != code or "Traceback" in output:
            raise AssertionError(f"{said} instead of {code}:\n{output[-6000:]}")
        return output

    def python(self, service: str, code: str) -> str:
        """Run Python in a service's container and return what it prints."""
        return self.compose("exec", "--no-TTY", service, "python", "-c", code).stdout

    def sql(self, statement: str) -> str:
        """Return the answer of the database's owner, fields by ``|``."""
        psql = ("psql", "--host=127.0.0.1", "--no-align", "--tuples-only", "--command", statement)
        return self.compose("exec", "--no-TTY", "postgres", *psql).stdout.strip()

    def timed(self, name: str, step: Callable[[], object]) -> None:
        """Run a step and keep its time as a figure."""
        began = time.monotonic()
        step()
        self.figures[name] = f"{time.monotonic() - began:.0f} s"
        print(f"  {name}: {self.figures[name]}", flush=True)


def guide(section: str) -> list[str]:
    """Return the commands of a section of the operator's guide, without their comments."""
    text = (PROJECT_ROOT / "docs" / "operations.md").read_text()
    part = re.split(r"^## ", text.partition(f"## {section}\n")[2], flags=re.MULTILINE)[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", part, flags=re.MULTILINE | re.DOTALL)
    lines = "".join(blocks).splitlines()
    return [re.sub(r"\s+#.*$", "", line) for line in lines if line.strip()]
