"""README's claims: every command, file, variable, asset and job that it names is there."""

import json
import re
import shlex
from pathlib import Path

import click
import dagster as dg
import pytest

from threads_pipelines.cli.main import cli
from threads_pipelines.definitions import defs
from threads_pipelines.project_files import PROJECT_ROOT

README = (PROJECT_ROOT / "README.md").read_text()
DOCS = [PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOOL = re.compile(r"(?:^|[\s(])(?:\.state/venv/bin/)?threads-pipelines (?P<words>[^\n|)]*)")


def shell_lines(document: Path) -> list[str]:
    return [
        line.split("  #")[0].strip()
        for block in FENCE.findall(document.read_text())
        for line in block.splitlines()
        if line.strip() and not line.startswith("#")
    ]


LINES = [(path, line) for path in DOCS for line in shell_lines(path)]


def test_the_order_is_what_a_reader_needs() -> None:
    assert re.findall(r"^## (.+)$", README, re.MULTILINE) == [
        "The two commands",
        "Reading the feeds",
        "The assets",
        "Launchpad recipes",
        "Configuration",
        "Scaling",
        "Security",
    ]


@pytest.mark.parametrize("document", DOCS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", document.read_text()):
        if not target.startswith(("http://", "https://")):
            assert (document.parent / target).exists(), target


@pytest.mark.parametrize(("document", "line"), LINES, ids=lambda value: str(value)[-60:])
def test_a_command_of_the_docs_is_one(document: Path, line: str) -> None:
    """Make targets exist; our own command parses its arguments."""
    if line.startswith("make "):
        makefile = (PROJECT_ROOT / "Makefile").read_text()
        assert re.search(rf"^{line.split()[1]}:", makefile, re.MULTILINE), line
    for match in TOOL.finditer(line):
        words = shlex.split(match["words"].replace('")"', "").strip('"; '))
        if words and not words[0].startswith("-"):
            check_command(words)


def check_command(words: list[str]) -> None:
    command: click.Command = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        name = words[0]
        found = command.get_command(context, name)
        assert found is not None, f"there is no command {name!r}"
        command, words = found, words[1:]
    with command.make_context(command.name, [*words], resilient_parsing=False) as parsed:
        job = parsed.params.get("job")
        if job:
            assert job in {known.name for known in defs.jobs or ()}
            check_run_config(job, parsed.params.get("run_config") or {})


def check_run_config(job: str, run_config: dict[str, object]) -> None:
    assert dg.validate_run_config(defs.resolve_job_def(job), json.loads(json.dumps(run_config)))


def test_every_asset_is_in_the_table() -> None:
    for key in defs.resolve_asset_graph().get_all_asset_keys():
        assert f"`{key.to_user_string()}`" in README


def test_every_job_is_in_the_table() -> None:
    for job in defs.jobs or ():
        assert f"`{job.name}`" in README


def test_every_variable_is_in_the_table() -> None:
    source = (PROJECT_ROOT / "threads_pipelines" / "settings.py").read_text()
    names = set(re.findall(r'"((?:THREADS|DATABASE|DAGSTER|S3|AWS|OLLAMA)_[A-Z_0-9]+)"', source))
    missing = {name for name in names if f"`{name}`" not in README}
    assert missing <= {"AWS_DEFAULT_REGION"}
    assert len(names) > 10
