"""The deployment under trial: a copy of the checkout, driven as the operator's guide says."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from threads_pipelines.project_files import PROJECT_ROOT
from tools.compose_trial.engine import Engine
from tools.compose_trial.progress import Progress

IN_CODE = "docker compose exec code"


@dataclass
class Project:
    """The services."""

    engine: Engine
    checkout: Path
    progress: Progress
    part: str = ""

    def note(self, name: str, figure: str) -> None:
        """Keep a figure of the part that runs."""
        print(f"  {name}: {figure}", flush=True)
        self.progress.note(self.part, name, figure)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Keep the seconds of a block as a figure."""
        began = time.monotonic()
        yield
        self.note(name, f"{time.monotonic() - began:.0f} s")

    def secrets(self) -> dict[str, str]:
        """Return what ``.env`` holds."""
        lines = (self.checkout / ".env").read_text().splitlines()
        pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
        return {name: value for name, _, value in pairs}

    def fill_in(self, **values: str) -> None:
        """Change lines of ``.env``, as a person does in an editor."""
        path = self.checkout / ".env"
        text = path.read_text()
        for name, value in values.items():
            text, found = re.subn(rf"^{name}=.*$", f"{name}={value}", text, flags=re.MULTILINE)
            assert found == 1, f".env has {found} lines of {name}"
        path.write_text(text)

    def shell(
        self, line: str, *, text: str | None = None, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a line of the guide in a shell, in the checkout."""
        began = time.monotonic()
        finished = self.engine.run(
            "sh", "-e", "-c", line, text=text, check=check, cwd=self.checkout
        )
        if seconds := round(time.monotonic() - began):
            print(f"  {line[:110]}: exit code {finished.returncode} ({seconds} s)", flush=True)
        return finished

    def command(self, line: str, *, code: int = 0) -> str:
        """Run a command in the container ``code``; AssertionError for another exit code."""
        finished = self.shell(f"{IN_CODE} {line}", check=False)
        output = finished.stdout + finished.stderr
        if finished.returncode != code or "Traceback" in output:
            raise AssertionError(
                f"{line}: exit code {finished.returncode} instead of {code}:\n{output[-6000:]}"
            )
        return output

    def python(self, service: str, code: str, *arguments: str) -> str:
        """Run Python in a service's container and return what it prints."""
        return self.engine.run(
            *("docker", "compose", "exec", service, "python", "-c", code, *arguments),
            cwd=self.checkout,
        ).stdout.strip()

    def sql(self, statement: str, database: str = "threads") -> str:
        """Return the answer of the database's owner, fields by ``|``."""
        return self.engine.run(
            *("docker", "compose", "exec", "postgres", "psql", "--host=127.0.0.1", "--no-align"),
            *("--tuples-only", f"--dbname={database}", "--command", statement),
            cwd=self.checkout,
        ).stdout.strip()

    def inspect(self, service: str, path: str) -> object:
        """Return what Docker knows of a service's container, at a path such as ``State.Pid``."""
        container = self.shell(f"docker compose ps --all --quiet {service}").stdout.strip()
        found = self.engine.run("docker", "inspect", "--format", f"{{{{json .{path}}}}}", container)
        parsed: object = json.loads(found.stdout)
        return parsed


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> None:
    """Ask once a second until it is so; AssertionError where it never is."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not so after {seconds:.0f} s")
        time.sleep(1)


def guide(section: str) -> list[list[str]]:
    """Return the blocks of commands of a section of the operator's guide, without the comments.

    A section ends at the next heading of any level.
    """
    text = (PROJECT_ROOT / "docs" / "operations.md").read_text()
    heading = rf"^##+ {re.escape(section)}\n(.*?)(?=^##|\Z)"
    found = re.search(heading, text, flags=re.MULTILINE | re.DOTALL)
    if found is None:
        raise AssertionError(f"docs/operations.md has no section {section!r}")
    blocks = re.findall(r"^```sh\n(.*?)^```", found[1], flags=re.MULTILINE | re.DOTALL)
    return [
        [re.sub(r"\s+#.*$", "", line) for line in block.splitlines() if line.strip()]
        for block in blocks
    ]


def commands(section: str) -> list[str]:
    """Return the commands of all blocks of a section."""
    return [line for block in guide(section) for line in block]
