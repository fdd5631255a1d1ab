"""Public functions describe their arguments and results; no module is too long to be read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "threads_pipelines"
MOST_LINES = 200

# Dagster and click show the docstring of such a function to a user.
SHOWN = re.compile(r"^(asset|dg\.|click\.|\w+\.command|field_validator|model_validator)")
PROPERTIES = {"property", "cached_property"}
NOTHING = {"None", "Never", "NoReturn", "Iterator[None]"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def public_functions(tree: ast.Module) -> Iterator[tuple[str, Function]]:
    """Yield name and node of each public function and each public method of a public class."""
    for node in tree.body:
        if isinstance(node, Function) and not node.name.startswith("_"):
            yield node.name, node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def parameters(function: Function, name: str) -> list[str]:
    given = function.args
    names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
    names += [one.arg for one in (given.vararg, given.kwarg) if one is not None]
    return names[1:] if "." in name and names[:1] in (["self"], ["cls"]) else names


def section(text: str, title: str) -> str:
    """Return the indented lines below a title of a docstring."""
    found = re.search(rf"^{title}:\n((?:    .*\n|\n)+)", f"{text}\n", flags=re.MULTILINE)
    return found.group(1) if found else ""


def described(text: str) -> list[str]:
    return re.findall(r"^    \*{0,2}(\w+): \S", section(text, "Args"), flags=re.MULTILINE)


def faults(module: Path) -> Iterator[str]:
    for name, function in public_functions(ast.parse(module.read_text())):
        decorators = [ast.unparse(one) for one in function.decorator_list]
        text = ast.get_docstring(function) or ""
        if any(map(SHOWN.match, decorators)) or text.startswith("Implement ``"):
            continue
        where = f"{module.relative_to(ROOT)}: {name}"
        names = parameters(function, name)
        if described(text) != names:
            yield f"{where} has the parameters {names} and describes {described(text)}"
        result = ast.unparse(function.returns) if function.returns else "None"
        if result in NOTHING or PROPERTIES & set(decorators):
            continue
        if not section(text, "Returns") and not section(text, "Yields"):
            yield f"{where} does not describe its result"


def methods() -> set[str]:
    return {
        name
        for module in PACKAGE.rglob("*.py")
        for name, _ in public_functions(ast.parse(module.read_text()))
    }


def test_public_functions_describe_their_parameters_and_results() -> None:
    found = [fault for module in sorted(PACKAGE.rglob("*.py")) for fault in faults(module)]
    assert found == []


def test_the_check_finds_what_is_missing(tmp_path: Path) -> None:
    module = PACKAGE.parent / "tests" / "badly_described.txt"
    assert [fault.split(": ", 1)[1] for fault in faults(module)] == [
        "silent has the parameters ['a'] and describes []",
        "silent does not describe its result",
        "wrong has the parameters ['a', 'b'] and describes ['b', 'a']",
        "Public.half does not describe its result",
    ]


def test_a_method_that_implements_another_names_one_that_exists() -> None:
    known = methods() | {"RawIOBase.readable", "RawIOBase.read"}
    named = {
        match.group(1)
        for module in PACKAGE.rglob("*.py")
        for _, function in public_functions(ast.parse(module.read_text()))
        if (match := re.match(r"Implement ``([\w.]+)``", ast.get_docstring(function) or ""))
    }
    assert named
    assert named <= known


def test_no_module_is_too_long() -> None:
    lengths = {
        str(module.relative_to(ROOT)): len(module.read_text().splitlines())
        for module in PACKAGE.rglob("*.py")
    }
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}
