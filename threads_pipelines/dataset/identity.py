"""Who is synthetic: ids and emails that can be recomputed, so nothing real is ever mistaken.

An account is synthetic only where its email names a run key and an index **and** its id is the
UUIDv5 of exactly these. A real person who picks such an email has another id.
"""

import re
import uuid

NAMESPACE = uuid.UUID("6f6d4c1e-5a0b-5d2c-9a55-7468726561f5")
EMAIL_DOMAIN = "synthetic.test"
TEST_ACCOUNTS = ("test_control@example.com", "test_treatment@example.com")

_RUN_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_EMAIL = re.compile(
    rf"(?P<run_key>{_RUN_KEY.pattern})\.u(?P<index>0|[1-9][0-9]*)@{re.escape(EMAIL_DOMAIN)}"
)


def check_run_key(run_key: str) -> str:
    """Return ``run_key``, or raise ValueError: 1-40 of a-z, 0-9 and inner hyphens."""
    if not _RUN_KEY.fullmatch(run_key):
        raise ValueError(
            f"run key {run_key!r}: use 1 to 40 lower-case letters, digits and inner hyphens"
        )
    return run_key


def stable_id(*parts: str | int) -> str:
    """UUIDv5 (RFC 9562) of what the parts name; the same parts give the same id for ever."""
    return str(uuid.uuid5(NAMESPACE, "/".join(str(part) for part in parts)))


def user_email(run_key: str, index: int) -> str:
    """Email of the synthetic user ``index`` of a run key."""
    return f"{run_key}.u{index}@{EMAIL_DOMAIN}"


def user_id(run_key: str, index: int) -> str:
    """Id of the synthetic user ``index`` of a run key."""
    return stable_id("user", run_key, index)


def test_account_id(email: str) -> str:
    """Id of one of the experiment's two test accounts."""
    return stable_id("test-account", email)


def is_synthetic(identifier: str, email: str) -> bool:
    """Whether an account was made by this project: both its email and its id must say so."""
    if email in TEST_ACCOUNTS:
        return identifier == test_account_id(email)
    match = _EMAIL.fullmatch(email)
    return match is not None and identifier == user_id(match["run_key"], int(match["index"]))


def run_key_of(identifier: str, email: str) -> str | None:
    """Run key of a synthetic account, or None for anyone else (the test accounts included)."""
    match = _EMAIL.fullmatch(email)
    return match["run_key"] if match and is_synthetic(identifier, email) else None
