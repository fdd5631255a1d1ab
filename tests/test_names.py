"""One name, one thing: no two public classes share a name, and the glossary has each term once."""

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
GLOSSARY = ROOT / "docs" / "glossary.md"


def public_classes() -> dict[str, list[str]]:
    found = defaultdict(list)
    for module in sorted((ROOT / "threads_pipelines").rglob("*.py")):
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(module.relative_to(ROOT)))
    return found


def terms() -> list[str]:
    return re.findall(r"^\*\*(.+?)\*\*", GLOSSARY.read_text(), flags=re.MULTILINE)


def test_no_two_public_classes_share_a_name() -> None:
    found = public_classes()
    assert len(found) > 100
    assert {name: places for name, places in found.items() if len(places) > 1} == {}


def test_the_glossary_defines_each_term_once_in_order() -> None:
    assert len(terms()) > 30
    assert terms() == sorted(set(terms()), key=str.lower)


def test_every_class_that_the_glossary_names_exists() -> None:
    named = set(re.findall(r"`([A-Z][A-Za-z]+)`", GLOSSARY.read_text()))
    assert named
    assert named <= set(public_classes())


def test_no_test_imports_another_test_file() -> None:
    importers = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "tests").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[-1][:5] == "test_"
    }
    assert importers == set()
