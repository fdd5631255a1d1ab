"""Results of the service checks, and whether a run may start."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

DATABASE = "database"
OBJECT_STORAGE = "object storage"
TEXT_MODEL = "text model"
DAGSTER_STORAGE = "Dagster's storage"
DISK = "disk"
CLOCK = "clock"
FEATURES = "enabled features"
HISTORY = "history"
PARTS = (DATABASE, FEATURES, OBJECT_STORAGE, TEXT_MODEL, DAGSTER_STORAGE, DISK, CLOCK, HISTORY)
NIGHTLY_PARTS = (DATABASE, OBJECT_STORAGE, DISK, CLOCK, HISTORY)
"""The parts that a run needs. Templates replace the text model if it fails. A job that uses a
further feature checks that feature itself."""

ADVICE = {
    DATABASE: "start the server or correct DATABASE_URL, then `threads-pipelines setup`",
    FEATURES: "let the owner of the tables run what the message names, or turn the feature off",
    OBJECT_STORAGE: "start the server or correct S3_ENDPOINT_URL, S3_BUCKET and the AWS keys; "
    "`threads-pipelines setup` creates the bucket",
    TEXT_MODEL: "start the server or correct OLLAMA_HOST; `ollama pull` fetches the model",
    DAGSTER_STORAGE: "start the server or correct DAGSTER_DATABASE_URL",
    DISK: "free some space, or set THREADS_STATE_DIR to a folder on another disk",
    HISTORY: "run the command that the message names, or correct DATABASE_URL or S3_BUCKET",
    CLOCK: "synchronize the clocks (NTP) of this machine and of the servers",
}
WHY_SKEW_MATTERS = "feeds would expire too early or too late, and S3 refuses requests"


@dataclass(frozen=True, slots=True)
class Finding:
    """Result of one service check. ``found`` is a sentence; ``seconds`` is the check's duration."""

    part: str
    ok: bool
    found: str
    seconds: float

    @property
    def advice(self) -> str:
        """What to do about a failed check; empty if it passed."""
        return "" if self.ok else ADVICE[self.part]


@dataclass(frozen=True, slots=True)
class HealthLimits:
    """Limits of the checks: least free disk space in GB, and largest clock skew in seconds."""

    free_gigabytes: float = 1.0
    skew_seconds: float = 30.0


def judge_disk(free_bytes: int, folder: str, limits: HealthLimits) -> tuple[bool, str]:
    """Compare the free disk space with the limit.

    Args:
        free_bytes: Free space in bytes.
        folder: The folder that was measured, for the message.
        limits: The limits.

    Returns:
        Whether the check passes, and a sentence that says what was found.
    """
    free = free_bytes / 1e9
    sentence = f"{free:.1f} GB free at {folder}"
    if free >= limits.free_gigabytes:
        return True, sentence
    return False, f"{sentence}, less than {limits.free_gigabytes:g} GB"


def judge_clock(skews: dict[str, float], limits: HealthLimits) -> tuple[bool, str]:
    """Compare the clocks of the servers with this machine's clock.

    With nothing to compare the check passes: a server that does not answer has a finding of its
    own.

    Args:
        skews: For each server, its time minus this machine's time, in seconds.
        limits: The limits.

    Returns:
        Whether the check passes, and a sentence that says what was found.
    """
    if not skews:
        return True, "not compared: no server answers"
    told = ", ".join(f"{name} {skew:+.1f} s" for name, skew in skews.items())
    if all(abs(skew) <= limits.skew_seconds for skew in skews.values()):
        return True, f"agrees with {told}"
    return False, f"differs by more than {limits.skew_seconds:g} s: {told}; {WHY_SKEW_MATTERS}"


def stops_a_run(findings: Iterable[Finding], needed: Collection[str]) -> str | None:
    """Describe the failed checks that stop a run.

    Args:
        findings: Results of the checks.
        needed: Names of the parts that the run needs.

    Returns:
        One line about all needed parts that failed, or None if the run may start.
    """
    faults = [f for f in findings if not f.ok and f.part in needed]
    return "; ".join(f"{fault.part}: {fault.found}" for fault in faults) or None
