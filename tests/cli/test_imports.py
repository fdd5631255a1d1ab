"""What is imported, and when: a command that needs little starts at once."""

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from threads_pipelines.cli.main import COMMANDS, cli
from threads_pipelines.defs.jobs import PRELOADED

HEAVY = {
    *("boto3", "botocore", "bcrypt", "dagster", "dagster_postgres", "faker", "httpx", "jinja2"),
    *("llvmlite", "matplotlib", "numba", "ollama", "openpyxl", "pandas", "pyarrow", "scipy"),
    *("sklearn", "sqlalchemy"),
}
NEEDED_BY_DEFINITIONS = {"botocore", "dagster", "pyarrow"}
ROOT = Path(__file__).parents[2]


def imported_after(code: str) -> set[str]:
    """Top-level packages that a new process has imported after ``code``."""
    shown = f"{code}\nimport json, sys\nprint('\\n' + json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", shown], capture_output=True, check=True, encoding="utf-8"
    )
    return {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}


def test_help_imports_no_heavy_library() -> None:
    code = "from threads_pipelines.cli.main import cli\ncli(['--help'], standalone_mode=False)"
    assert not imported_after(code) & {*HEAVY, "numpy", "rich", "psycopg2", "pydantic"}


def test_the_definitions_import_few_heavy_libraries() -> None:
    imported = imported_after("import threads_pipelines.definitions")
    assert imported & HEAVY == NEEDED_BY_DEFINITIONS


@pytest.mark.parametrize("module", ["threads_pipelines", "threads_pipelines.definitions"])
def test_importing_changes_no_environment_and_reads_no_source(module: str) -> None:
    code = f"""
import os, sys
opened, before = [], dict(os.environ)
ours = {str(ROOT / "threads_pipelines")!r}
def look(event, given):
    if event == "open" and str(given[0]).startswith(ours):
        if not sys._getframe(1).f_code.co_filename.startswith("<frozen"):  # not the import itself
            opened.append(given[0])
sys.addaudithook(look)
import {module}
assert not opened, opened
assert dict(os.environ) == before
"""
    imported_after(code)


def test_the_preloaded_modules_exist() -> None:
    assert all(find_spec(name) for name in PRELOADED)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_the_list_of_commands_names_a_command_that_is_there(name: str) -> None:
    command = cli.commands[name]
    assert command.name == name
    assert command.help
    assert COMMANDS[name].summary.endswith(".")
