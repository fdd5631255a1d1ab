"""Reads which room imports which, and draws it: ``python -m tools.import_graph FILE``."""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

from tools.graph import Node, draw

PACKAGE = Path(__file__).parent.parent / "threads_pipelines"
TITLE = "The rooms of threads-pipelines and their imports"
_GROUPS = {
    **dict.fromkeys(("cli", "runner", "definitions", "defs", "embedded"), "entry"),
    **dict.fromkeys(("storage", "storage.s3", "storage.postgres"), "storage"),
    **dict.fromkeys(("dataset", "errors", "settings"), "base"),
}


def modules() -> list[Path]:
    """Return the files of the package, sorted."""
    return sorted(PACKAGE.rglob("*.py"))


def dotted(module: Path) -> str:
    """Return a file's name inside the package, such as `storage.s3.objects`; `` for the package."""
    parts = module.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def room_of(name: str) -> str:
    """Return the room of a module: its first folder, for `storage` also the second."""
    parts = name.split(".")
    if parts[0] == "storage" and parts[1:2] and parts[1] in {"s3", "postgres"}:
        return ".".join(parts[:2])
    return parts[0]


def imported(module: Path) -> set[str]:
    """Return every module and name that a file imports, wherever the import stands."""
    names = set()
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def imported_rooms(module: Path) -> set[str]:
    """Return the rooms that a file imports, its own included."""
    return set(_rooms(imported(module)))


def _rooms(names: set[str]) -> Iterator[str]:
    for name in names:
        inner = name.removeprefix(PACKAGE.name).lstrip(".")
        if not name.startswith(PACKAGE.name) or not inner:
            continue
        path = PACKAGE.joinpath(*inner.split("."))
        if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
            yield room_of(inner)


def nodes() -> list[Node]:
    """Return the rooms as boxes; an arrow runs from a room to one that it imports."""
    importers: dict[str, set[str]] = {}
    for module in modules():
        if dotted(module):
            room = room_of(dotted(module))
            importers.setdefault(room, set())
            for other in imported_rooms(module) - {room}:
                importers.setdefault(other, set()).add(room)
    return [
        Node(room, _GROUPS.get(room, "flow"), sorted(importers[room])) for room in sorted(importers)
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw which room imports which.")
    parser.add_argument("file", type=Path, help="the picture, such as docs/rooms.svg")
    parser.parse_args().file.write_text(draw(nodes(), TITLE))
