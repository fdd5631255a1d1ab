"""The rooms keep to themselves: which room imports which, and who reads the environment."""

import ast
from pathlib import Path

import pytest

from tools.import_graph import (
    PACKAGE,
    dotted,
    imported,
    imported_rooms,
    modules,
    room_of,
)

MODULES = modules()

# Every room with the rooms that it may import, from the lowest to the highest: an entry may name
# only entries above it in this list, so that no import runs up and no circle can form.
ALLOWED: dict[str, set[str]] = {
    "errors": set(),
    "database_tls": {"errors"},
    "database_url": {"errors", "database_tls"},
    "translated_url": set(),
    "setting_values": {"errors"},
    "s3_settings": {"setting_values"},
    "project_files": set(),
    "environment": {"errors", "project_files"},
    "settings": {
        *("errors", "database_url", "translated_url", "setting_values", "s3_settings"),
        "environment",
    },
    "compiled": {"environment"},
    "proxies": set(),
    "certificates": set(),
    "process_identity": set(),
    "dataset": {"errors"},
    "content": {"errors", "proxies"},
    "population": {"errors", "compiled", "dataset"},
    "recommender": {"errors", "compiled", "dataset"},
    "guard": {"errors", "dataset", "recommender"},
    "evaluation": {"errors", "dataset", "recommender"},
    "tuning": {"errors", "dataset", "recommender", "evaluation"},
    "refresh": {"errors", "dataset"},
    "experiment": {"errors", "dataset"},
    "storage.s3": {
        *("errors", "s3_settings", "dataset", "guard", "experiment", "proxies", "process_identity"),
        "settings",
    },
    "storage.postgres": {"errors", "project_files", "settings", "dataset", "experiment"},
    "storage": {"errors", "dataset", "experiment", "storage.s3", "storage.postgres"},
    "shards": {"errors", "s3_settings", "settings", "dataset", "recommender", "storage.s3"},
    "simulation": {
        *("errors", "settings", "dataset", "content", "population"),
        *("storage.s3", "storage.postgres"),
    },
    "health": {
        *("errors", "settings", "dataset", "content", "storage.s3", "storage.postgres"),
        *(*("proxies", "storage"), "project_files"),
    },
    "reporting": {"errors", "environment", "content", "experiment", "storage.s3", "storage"},
    "files": {"errors", "dataset", "recommender", "evaluation", "tuning", "guard"},
    "embedded": {"errors", "settings", "s3_settings", "process_identity", "certificates"},
    "defs": {
        *("errors", "settings", "dataset", "content", "population", "recommender", "evaluation"),
        *("tuning", "experiment", "storage.s3", "storage.postgres", "storage", "simulation"),
        *("guard", "health", "reporting", "refresh", "process_identity", "environment"),
        *("settings", "shards"),
    },
    "definitions": {"defs"},
    "runner": {
        *(
            "errors",
            "environment",
            "settings",
            "process_identity",
            "storage.postgres",
            "defs",
            "definitions",
        ),
    },
    "cli": {
        *(
            "errors",
            "database_url",
            "translated_url",
            "project_files",
            "environment",
            "settings",
            "dataset",
            "evaluation",
            "storage.s3",
            "storage.postgres",
        ),
        *("storage", "simulation", "health", "reporting", "files", "embedded", "certificates"),
    },
}
DAGSTER_ROOMS = {"defs", "definitions", "runner"}
PURE_ROOMS = {
    *("dataset", "content", "population", "recommender", "evaluation", "tuning", "experiment"),
    *("refresh", "guard"),
}
MOST_FILES = 16


def imports(module: Path, *packages: str) -> set[str]:
    return {
        name
        for name in imported(module)
        if any(name == package or name.startswith(f"{package}.") for package in packages)
    }


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


def test_one_module_reads_the_environment() -> None:
    readers = {module.name for module in MODULES if reads_environment(module)}
    assert readers == {"environment.py"}
