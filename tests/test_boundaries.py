"""The rooms keep to themselves: which room imports which, and who reads the environment."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "threads_pipelines"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Every room with the rooms that it may import, from the lowest to the highest: an entry may name
# only entries above it in this list, so that no import runs up and no circle can form.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "settings": {"errors"},
    "dataset": {"errors"},
    "content": {"errors"},
    "population": {"errors", "dataset"},
    "recommender": {"errors", "dataset"},
    "evaluation": {"errors", "dataset", "recommender"},
    "tuning": {"errors", "dataset", "recommender", "evaluation"},
    "experiment": {"errors", "dataset"},
    "storage.s3": {"errors", "settings", "dataset", "experiment"},
    "storage.postgres": {"errors", "settings", "dataset", "experiment"},
    "storage": {"errors", "dataset", "storage.s3", "storage.postgres"},
    "simulation": {
        *("errors", "settings", "dataset", "content", "population"),
        *("storage.s3", "storage.postgres"),
    },
    "health": {"errors", "settings", "dataset", "content", "storage.s3", "storage.postgres"},
    "reporting": {"errors", "content", "experiment", "storage.s3", "storage"},
    "files": {"errors", "dataset", "recommender", "evaluation", "tuning"},
    "embedded": {"errors", "settings"},
    "defs": {
        *("errors", "settings", "dataset", "content", "population", "recommender", "evaluation"),
        *("tuning", "experiment", "storage.s3", "storage.postgres", "storage", "simulation"),
        *("health", "reporting"),
    },
    "definitions": {"defs"},
    "runner": {"errors", "settings", "defs", "definitions"},
    "cli": {
        *("errors", "settings", "dataset", "evaluation", "storage.s3", "storage.postgres"),
        *("storage", "simulation", "health", "reporting", "files", "embedded"),
    },
}
DAGSTER_ROOMS = {"defs", "definitions", "runner"}
PURE_ROOMS = {
    *("dataset", "content", "population", "recommender", "evaluation", "tuning", "experiment"),
}
MOST_FILES = 16


def room_of(dotted: str) -> str:
    """Name the room of a module inside the package, such as `storage.s3` or `recommender`."""
    parts = dotted.split(".")
    if parts[0] == "storage" and parts[1:2] and parts[1] in {"s3", "postgres"}:
        return ".".join(parts[:2])
    return parts[0]


def dotted(module: Path) -> str:
    parts = module.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


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


def imported_rooms(module: Path) -> set[str]:
    rooms = set()
    for name in imports(module, PACKAGE.name):
        inner = name.removeprefix(PACKAGE.name).lstrip(".")
        path = PACKAGE.joinpath(*inner.split("."))
        if inner and (path.with_suffix(".py").exists() or (path / "__init__.py").exists()):
            rooms.add(room_of(inner))
    return rooms


def test_the_list_of_rooms_is_complete() -> None:
    assert {room_of(dotted(module)) for module in MODULES if dotted(module)} == set(ALLOWED)


def test_no_room_may_import_one_that_stands_above_it() -> None:
    order = list(ALLOWED)
    for room, below in ALLOWED.items():
        assert all(order.index(other) < order.index(room) for other in below), room


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_the_list_allows(module: Path) -> None:
    room = room_of(dotted(module)) if dotted(module) else None
    if room is not None:
        assert imported_rooms(module) - {room} <= ALLOWED[room]


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_the_dagster_side_imports_dagster(module: Path) -> None:
    if dotted(module) and room_of(dotted(module)) not in DAGSTER_ROOMS:
        assert not imports(module, "dagster", "dagster_aws", "dagster_postgres")


@pytest.mark.parametrize("room", sorted(PURE_ROOMS))
def test_pure_rooms_do_no_storage(room: str) -> None:
    for module in (PACKAGE / room).rglob("*.py"):
        assert not imports(module, "sqlalchemy", "psycopg2", "boto3"), module


def test_every_package_says_what_belongs_there() -> None:
    for init in PACKAGE.rglob("__init__.py"):
        assert ast.get_docstring(ast.parse(init.read_text())), init


def test_no_folder_has_too_many_files() -> None:
    for folder in {module.parent for module in MODULES}:
        assert len(list(folder.glob("*.py"))) <= MOST_FILES, folder


def reads_environment(module: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        for node in ast.walk(ast.parse(module.read_text()))
    )


def test_only_settings_reads_the_environment() -> None:
    readers = {module.name for module in MODULES if reads_environment(module)}
    assert readers <= {"settings.py"}
