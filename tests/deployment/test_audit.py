"""The audit of the dependencies: what fails it, what does not, and that it says so."""

import importlib.util
import re
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from packaging.requirements import Requirement

from threads_pipelines.project_files import PROJECT_ROOT as ROOT

FOUND = {"id": "PYSEC-1", "aliases": ["CVE-1", "GHSA-1"], "fix_versions": ["2.1"]}
REPORT = {
    "dependencies": [
        {"name": "good", "version": "1.0", "vulns": []},
        {"name": "bad", "version": "2.0", "vulns": [FOUND]},
        {"name": "ours", "skip_reason": "Dependency not found"},
    ]
}
UNREACHED = {"dependencies": [{"name": "good", "skip_reason": "Dependency not found"}]}


@pytest.fixture
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("report", "allowed", "code", "said"),
    [
        (REPORT, "", 1, "VULNERABLE: bad 2.0: PYSEC-1, fixed in 2.1"),
        (
            REPORT,
            '[[allowed]]\nid = "GHSA-1"\nreason = "why"',
            0,
            "2 dependencies audited, 1 known",
        ),
        (
            REPORT,
            '[[allowed]]\nid = "old"\nreason = "why"',
            1,
            "no longer needed in allowed.toml: old",
        ),
        (REPORT, "", 1, "not in the database: ours"),
        (UNREACHED, "", 0, "NOT AUDITED"),
        ({"dependencies": []}, "", 0, "NOT AUDITED"),
    ],
)
def test_a_known_fault_fails_and_an_unreached_database_is_told(
    audit: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    report: dict[str, Any],
    allowed: str,
    code: int,
    said: str,
) -> None:
    (tmp_path / "allowed.toml").write_text(allowed)
    monkeypatch.setattr(audit, "ALLOWED", tmp_path / "allowed.toml")
    monkeypatch.setattr(audit, "ask", lambda: (report, "could not resolve the name"))
    assert audit.main() == code
    assert said in capsys.readouterr().out


def test_a_fault_is_allowed_with_a_reason_only(audit: ModuleType) -> None:
    with pytest.raises(SystemExit, match="needs an id and a reason"):
        audit.allowed_ones('[[allowed]]\nid = "GHSA-1"\nreason = " "')
    assert audit.allowed_ones(audit.ALLOWED.read_text()) == {}


def test_the_locks_hold_what_the_project_asks_for() -> None:
    """Every requirement of pyproject.toml is locked, at a version that it allows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    pins = {
        name.replace("_", "-"): version
        for name, version in re.findall(
            r"^([a-z0-9._-]+)(?:\[.*?\])?==([^\s;]+)",
            (ROOT / "requirements.lock").read_text(),
            re.M,
        )
    }
    extras = project["optional-dependencies"]
    for line in (*project["dependencies"], *(line for extra in extras.values() for line in extra)):
        asked = Requirement(line)
        name = re.sub(r"[._-]+", "-", asked.name.lower())
        assert name in pins, f"{name} is not locked: make lock"
        assert asked.specifier.contains(pins[name]), f"{line} is locked at {pins[name]}: make lock"
    server = (ROOT / "requirements-server.lock").read_text()
    for line in project["dependencies"]:
        assert re.search(rf"^{re.escape(Requirement(line).name.lower())}(\[.*\])?==", server, re.M)
