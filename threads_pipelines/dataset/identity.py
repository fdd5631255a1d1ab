"""Ids and emails of synthetic accounts, which can be recomputed to tell them from real accounts.

An account is synthetic only if its email has a run key and an index **and** its id is the UUIDv5 of
exactly these. A real person who chooses such an email has another id.
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
    """Check a run key.

    Args:
        run_key: The run key.

    Returns:
        ``run_key``, unchanged.

    Raises:
        ValueError: It is not 1 to 40 lower-case letters, digits and inner hyphens.
    """
    if not _RUN_KEY.fullmatch(run_key):
        raise ValueError(
            f"run key {run_key!r}: use 1 to 40 lower-case letters, digits and inner hyphens"
        )
    return run_key


def stable_id(*parts: str | int) -> str:
    """Compute a UUIDv5 (RFC 9562) from a name; the same name always gives the same id.

    Args:
        parts: The parts of the name.

    Returns:
        The UUID in lower case.
    """
    return str(uuid.uuid5(NAMESPACE, "/".join(str(part) for part in parts)))


def user_email(run_key: str, index: int) -> str:
    """Return the email of a synthetic user.

    Args:
        run_key: The run key of the population.
        index: The number of the user, from 0.

    Returns:
        An address in the reserved domain ``synthetic.test``.
    """
    return f"{run_key}.u{index}@{EMAIL_DOMAIN}"


def user_id(run_key: str, index: int) -> str:
    """Return the id of a synthetic user.

    Args:
        run_key: The run key of the population.
        index: The number of the user, from 0.

    Returns:
        A UUID in lower case.
    """
    return stable_id("user", run_key, index)


def test_account_id(email: str) -> str:
    """Return the id of one of the experiment's two test accounts.

    Args:
        email: The email of the test account.

    Returns:
        A UUID in lower case.
    """
    return stable_id("test-account", email)


def is_synthetic(identifier: str, email: str) -> bool:
    """Return whether this project made an account: both its email and its id must match.

    Args:
        identifier: The account's id.
        email: The account's email.

    Returns:
        True for synthetic users and for the two test accounts.
    """
    if email in TEST_ACCOUNTS:
        return identifier == test_account_id(email)
    match = _EMAIL.fullmatch(email)
    return match is not None and identifier == user_id(match["run_key"], int(match["index"]))


def run_key_of(identifier: str, email: str) -> str | None:
    """Return the run key of a synthetic account.

    Args:
        identifier: The account's id.
        email: The account's email.

    Returns:
        The run key; None for real accounts and for the test accounts.
    """
    match = _EMAIL.fullmatch(email)
    return match["run_key"] if match and is_synthetic(identifier, email) else None


TEST_ACCOUNT_IDS = tuple(map(test_account_id, TEST_ACCOUNTS))
"""A person may have the email of a test account: the id is what tells."""
