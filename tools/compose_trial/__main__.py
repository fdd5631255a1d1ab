"""Run the trial: ``python -m tools.compose_trial``. Exit code 0 where it passes or is skipped."""

import os
import shutil
import sys
import time
from pathlib import Path

from threads_pipelines.settings import PROJECT_ROOT
from tools.compose_trial import engine, images, packages, steps
from tools.compose_trial.project import Project


def main() -> int:
    """Return the exit code."""
    lacking = packages.missing()
    if os.geteuid() != 0:
        lacking.append("root")
    if lacking:
        print(f"SKIPPED: the trial of the containers needs {', '.join(lacking)}", file=sys.stderr)
        return 0
    folder = PROJECT_ROOT / ".state" / "compose-trial"
    folder.mkdir(parents=True, exist_ok=True)
    root = packages.unpack(folder / "packages")
    try:
        with engine.started(root, folder / "docker") as running:
            trial(running, root, folder)
    except AssertionError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    return 0


def trial(running: engine.Engine, root: Path, folder: Path) -> None:
    """Go through every step; print each and, at the end, the figures."""
    project = Project(running, folder / "env")
    project.compose("down", "--volumes")
    images.base(running, root, folder)
    images.servers(running, folder)
    project.timed("build of the image", lambda: project.compose("build"))
    images.text_model(running, folder, "threads-pipelines:latest")
    outputs = folder / "outputs"
    shutil.rmtree(outputs, ignore_errors=True)
    outputs.mkdir()
    todo = {
        "missing secrets": lambda: steps.missing_secrets(project),
        "cold up": lambda: steps.up(project),
        "ports without a key": lambda: steps.closed_ports(project),
        "full_pipeline": lambda: project.command("launch", "full_pipeline"),
        "the morning after": lambda: steps.morning_after(project),
        "reports": lambda: steps.reports(project, outputs),
        "figures": lambda: steps.measure(project),
        "passwords": lambda: steps.passwords(project),
        "backup and restore": lambda: steps.backup_and_restore(project, outputs),
        "stop": lambda: project.compose("down", "--volumes"),
    }
    try:
        for name, step in todo.items():
            print(f"{time.strftime('%H:%M:%S')} {name}", flush=True)
            project.timed(name, step)
    except AssertionError:
        logs = project.compose("logs", "--no-color", "--tail=60", check=False)
        (folder / "logs.txt").write_text(logs.stdout)
        project.compose("down", "--volumes", check=False)
        raise
    print("PASSED")
    for name, figure in project.figures.items():
        print(f"  {name:30} {figure}")


if __name__ == "__main__":
    sys.exit(main())
