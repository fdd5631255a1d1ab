"""What the trial of the containers does before it has an engine; the trial itself needs root."""

import os
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployment.compose import services
from threads_pipelines.cli.main import cli
from threads_pipelines.project_files import PROJECT_ROOT
from tools.compose_trial import __main__ as trial
from tools.compose_trial import images, packages
from tools.compose_trial.parts import PARTS
from tools.compose_trial.progress import Progress
from tools.compose_trial.project import commands
from tools.compose_trial.steps.operation import OTHERS

TRIED = (
    *("Deploying", "The first night", "Reports", "Updating", "Changing a password"),
    "Backup and restore",
)


def python(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=PROJECT_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_every_command_of_the_morning_after_is_tried() -> None:
    lines = commands("The morning after")
    assert len(lines) >= 12
    for line in lines:
        program, command, *_ = shlex.split(line)
        assert program == "threads-pipelines"
        assert command in cli.commands


def test_every_command_is_tried_in_the_container() -> None:
    sections = ("The morning after", "Between two nights", *TRIED)
    lines = [*(line for section in sections for line in commands(section)), *OTHERS]
    names = {word for line in lines for word in line.split()}
    by_compose = set(services()["setup"]["command"])
    elsewhere = {"ui", "run", "remove-synthetic"}  # web server, first-night; spoils the data
    assert set(cli.commands) <= names | by_compose | elsewhere


def test_every_documented_command_for_containers_is_tried() -> None:
    documents = [*PROJECT_ROOT.glob("*.md"), *(PROJECT_ROOT / "docs").glob("*.md")]
    text = "\n".join(path.read_text() for path in documents if path.name != "CHANGELOG.md")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [re.sub(r"\s+#.*$", "", line) for block in blocks for line in block.splitlines()]
    documented = {line for line in lines if line.startswith("docker ")}
    assert len(documented) >= 12
    assert documented <= {line for section in TRIED for line in commands(section)}


def test_the_stand_ins_have_the_names_that_the_project_uses() -> None:
    text = (PROJECT_ROOT / "docker-compose.yml").read_text()
    for name in (images.POSTGRES, images.SEAWEEDFS, images.OLLAMA):
        assert f"image: {name}\n" in text
    assert f"FROM {images.PYTHON}\n" in (PROJECT_ROOT / "Dockerfile").read_text()


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    missing = packages.missing()
    assert "the program apt-get" in missing
    assert "the program unshare" in missing


@pytest.mark.skipif(bool(packages.missing()), reason="needs what the trial needs of Debian")
def test_a_package_that_cannot_be_downloaded_is_a_skip_with_its_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(packages, "mirror", lambda: "file:/no/such/mirror")
    with pytest.raises(packages.UnavailableError, match=r"cannot be downloaded: .*/no/such/mirror"):
        packages.unpack(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to run as somebody else")
def test_who_is_not_root_is_told_and_nothing_is_done() -> None:
    begin = "import os, sys; from tools.compose_trial import __main__ as trial; os.setuid(65534); "
    with python(begin + "sys.exit(trial.main([]))") as process:
        _, told = process.communicate()
    assert process.returncode == trial.SKIPPED, told
    assert told.startswith("SKIPPED: the trial of the containers needs ")
    assert "root" in told


def test_sigterm_ends_the_trial_with_its_cleaning_up() -> None:
    code = """
import signal
from tools.compose_trial import __main__ as trial
trial.raise_when_told()
try:
    print("begun", flush=True)
    signal.pause()
finally:
    print("cleaned up", flush=True)
"""
    with python(code) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGTERM)
        told, errors = process.communicate()
    assert told == "cleaned up\n", errors
    assert process.returncode == 128 + signal.SIGTERM


def test_an_unknown_part_is_refused_with_the_parts_there_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as stopped:
        trial.main(["no-such-part"])
    assert stopped.value.code == 2
    assert "no-such-part" in (told := capsys.readouterr().err)
    assert all(name in told for name in PARTS)


def test_passed_parts_and_figures_are_kept_for_the_next_call(tmp_path: Path) -> None:
    file = tmp_path / "progress.json"
    first, second, *others = PARTS
    before = Progress.load(file)
    before.begin(first)
    before.note(first, "size", "1.00 GB")
    before.passes(first, 61.4)
    before.begin(second)
    after = Progress.load(file)
    assert trial.wanted([], resume=True, progress=after) == [second, *others]
    assert trial.wanted([first], resume=False, progress=after) == [first]
    assert trial.wanted([], resume=False, progress=after) == list(PARTS)
    lines = after.table([first, second]).splitlines()
    assert [line.split() for line in lines[1:]] == [
        [first, "passed", "seconds", "61"],
        ["size", "1.00", "GB"],
        [second, "-", "seconds", "-"],
    ]
