"""The parts of the trial in their order. Each raises AssertionError with what it found."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.compose_trial import images
from tools.compose_trial.project import Project
from tools.compose_trial.steps import faults, measures, operation, start, upkeep


@dataclass(frozen=True)
class Trial:
    """What the parts work on."""

    project: Project
    root: Path
    """Where Debian's packages are unpacked."""
    folder: Path
    """The trial's folder of state."""


def _base_images(trial: Trial) -> None:
    images.base(trial.project.engine, trial.root, trial.folder)
    images.servers(trial.project.engine, trial.folder)


def _build(trial: Trial) -> None:
    start.build(trial.project)
    images.text_model(trial.project.engine, trial.folder, "threads-pipelines:latest")


PARTS: dict[str, Callable[[Trial], None]] = {
    "base-images": _base_images,
    "build": _build,
    "missing-secrets": lambda trial: start.missing_secrets(trial.project),
    "cold-up": lambda trial: start.up(trial.project),
    "image": lambda trial: start.image(trial.project),
    "ports-without-a-key": lambda trial: start.closed_ports(trial.project),
    "limits": lambda trial: measures.limits(trial.project, trial.folder),
    "first-night": lambda trial: operation.first_night(trial.project),
    "the-morning-after": lambda trial: operation.morning_after(trial.project),
    "between-two-nights": lambda trial: operation.between_two_nights(trial.project),
    "other-commands": lambda trial: operation.every_other_command(trial.project),
    "reports": lambda trial: upkeep.reports(trial.project),
    "figures": lambda trial: measures.figures(trial.project),
    "down-in-a-night": lambda trial: faults.down_in_a_night(trial.project),
    "down-in-a-launch": lambda trial: faults.down_in_a_launch(trial.project),
    "code-killed-in-a-night": lambda trial: faults.code_killed(trial.project),
    "update": lambda trial: upkeep.update(trial.project),
    "passwords": lambda trial: upkeep.passwords(trial.project),
    "backup-and-restore": lambda trial: upkeep.backup_and_restore(trial.project),
    "stop": lambda trial: start.stop(trial.project),
}
