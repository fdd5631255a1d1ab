"""The rooms keep to themselves: what may import what, and who may read the environment."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "threads_pipelines"
MODULES = sorted(PACKAGE.rglob("*.py"))
DAGSTER_SIDE = {PACKAGE / "definitions.py", *(PACKAGE / "defs").rglob("*.py")}
PURE_ROOMS = (
    "content",
    "population",
    "recommender",
    "evaluation",
    "experiment",
    "reporting",
    "operations",
)


def imported(module: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imports(module: Path, *packages: str) -> set[str]:
    return {
        name
        for name in imported(module)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }


def test_there_is_something_to_check() -> None:
    assert len(MODULES) > 30
    assert all(any(room in path.parts for path in MODULES) for room in PURE_ROOMS)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_dagster_side_imports_dagster(module: Path) -> None:
    if module not in DAGSTER_SIDE:
        assert not imports(module, "dagster", "dagster_aws", "dagster_postgres")


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_pure_rooms_do_no_storage(room: str) -> None:
    for module in (PACKAGE / room).rglob("*.py"):
        assert not imports(
            module, "sqlalchemy", "psycopg2", "boto3", "threads_pipelines.storage"
        ), module


def test_nothing_but_the_console_and_the_tests_needs_the_embedded_stack() -> None:
    outside = [module for module in MODULES if PACKAGE / "embedded" not in module.parents]
    users = {
        str(module.relative_to(PACKAGE))
        for module in outside
        if imports(module, "threads_pipelines.embedded")
    }
    assert users <= {"cli.py", "console/stack.py", "console/run.py", "console/dagster.py"}


def reads_environment(module: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(ast.parse(module.read_text()))
    )


def test_only_settings_reads_the_environment() -> None:
    readers = {module.name for module in MODULES if reads_environment(module)}
    assert readers <= {"settings.py"}
