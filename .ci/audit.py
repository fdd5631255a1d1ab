"""Compares the locked dependencies with the known vulnerabilities: ``make audit``.

Fails for a vulnerability that ``audit-allowed.toml`` does not allow with a reason. Where the
database cannot be reached nothing was audited: that is said loudly, and is no failure, for it says
nothing of the dependencies.
"""

import json
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"  # the others hold nothing else, but for the benchmarks' peers
ALLOWED = Path(__file__).parent / "audit-allowed.toml"
CACHE = ROOT / ".state" / "cache" / "pip-audit"


@dataclass(frozen=True)
class Audit:
    """What was found. Vulnerabilities are worded; the others are names or ids."""

    audited: int
    refused: tuple[str, ...]
    allowed: tuple[str, ...]
    unknown: tuple[str, ...]
    outdated: tuple[str, ...]


def judge(report: Mapping[str, Any], reasons: Mapping[str, str]) -> Audit:
    """Judge pip-audit's report. reasons: why a vulnerability is allowed, by any of its ids."""
    refused: list[str] = []
    allowed: list[str] = []
    used: set[str] = set()
    for package in report["dependencies"]:
        for found in package.get("vulns", ()):
            ids = {found["id"], *found.get("aliases", ())}
            fixed = ", ".join(found.get("fix_versions", ())) or "no version yet"
            worded = f"{package['name']} {package['version']}: {found['id']}, fixed in {fixed}"
            (allowed if ids & set(reasons) else refused).append(worded)
            used |= ids & set(reasons)
    unknown = [package["name"] for package in report["dependencies"] if "skip_reason" in package]
    audited = len(report["dependencies"]) - len(unknown)
    outdated = sorted(set(reasons) - used) if audited else []
    return Audit(audited, *map(tuple, (refused, allowed, unknown, outdated)))


def allowed_ones(text: str) -> dict[str, str]:
    """Reasons by id; each entry needs both."""
    entries = tomllib.loads(text).get("allowed", [])
    for entry in entries:
        if set(entry) != {"id", "reason"} or not entry["reason"].strip():
            raise SystemExit(f"{ALLOWED.name}: {entry} needs an id and a reason, nothing else")
    return {entry["id"]: entry["reason"] for entry in entries}


def ask() -> tuple[dict[str, Any], str]:
    """pip-audit's report, empty where it made none; and what it complained of."""
    command = [sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip"]
    command += ["--requirement", str(LOCK), "--format", "json", "--progress-spinner", "off"]
    command += ["--cache-dir", str(CACHE)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if not finished.stdout:
        return {"dependencies": []}, (finished.stderr.strip().splitlines() or ["no reason"])[-1]
    report = json.loads(finished.stdout)
    return report, next((one.get("skip_reason", "") for one in report["dependencies"]), "")


def main() -> int:
    """Audit, tell, and return the exit code."""
    report, complaint = ask()
    audit = judge(report, allowed_ones(ALLOWED.read_text()))
    if not audit.audited:
        line = "!" * 79
        print(f"{line}\nNOT AUDITED: the database of vulnerabilities cannot be reached from here.")
        print(f"{complaint}\nThe dependencies may have known vulnerabilities.\n{line}")
        return 0
    print(f"{audit.audited} dependencies audited, {len(audit.allowed)} known faults allowed")
    for name in audit.unknown:
        print(f"  not in the database: {name}")
    for identifier in audit.outdated:
        print(f"  no longer needed in {ALLOWED.name}: {identifier}")
    for fault in audit.refused:
        print(f"  VULNERABLE: {fault}")
    return 1 if audit.refused else 0


if __name__ == "__main__":
    sys.exit(main())
