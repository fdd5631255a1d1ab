"""Texts of alerts, with secrets redacted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

LATE_AFTER = timedelta(hours=26)
"""Feeds older than this are late: a night, and two hours for it to run."""
_LONGEST = 2_000
_SHORTEST_SECRET = 4


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A failed run: ``error`` is the message, ``step`` the failed step or None."""

    job: str
    run_id: str
    partition: str | None
    step: str | None
    error: str


def failure_text(failed: FailedRun) -> str:
    """Write the alert for a failed run: job, step, error and the command that continues it.

    Args:
        failed: The run.

    Returns:
        The text.
    """
    day = f" for {failed.partition}" if failed.partition else ""
    where = f" in {failed.step}" if failed.step else ""
    return (
        f"{failed.job}{day} failed{where}: {_cut(failed.error)}\n"
        f"Continue it: threads-pipelines retry {failed.run_id}"
    )


def lateness_text(latest: datetime | None, now: datetime) -> str | None:
    """Write the alert for feeds that are late.

    Args:
        latest: When ``user_recommendation`` was last published; None (never) is not late.
        now: The time, with a time zone.

    Returns:
        The text; None if the feeds are not late.
    """
    if latest is None or now - latest <= LATE_AFTER:
        return None
    hours = (now - latest).total_seconds() / 3600
    return (
        f"The feeds are {hours:.0f} hours old: no night has published since "
        f"{latest:%Y-%m-%d %H:%M} UTC.\nLook: threads-pipelines check; then: "
        "threads-pipelines launch nightly_recommendations"
    )


def redact(text: str, secrets: Iterable[str]) -> str:
    """Remove secrets from a text, such as the message of a library.

    Args:
        text: The text.
        secrets: The secrets; very short ones are left, because they would match by chance.

    Returns:
        The text with ``***`` in place of each secret.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."
