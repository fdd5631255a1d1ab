"""Assigns accounts to control and treatment by a reproducible hash."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.identity import TEST_ACCOUNTS
from threads_pipelines.experiment.settings import ExperimentSettings

GROUPS = ("control", "treatment")
CONTROL, TREATMENT, NOT_ENROLLED = 0, 1, -1

Groups = NDArray[np.int8]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Assignment:
    """The group of each account.

    Attributes:
        ids: (n,) str, the accounts as given.
        group: (n,) int8, position in ``GROUPS``, or ``NOT_ENROLLED``.
        pinned: (n,) bool, accounts that the configuration assigns instead of the hash.
        missing: Pinned accounts that do not exist.
    """

    ids: NDArray[np.object_]
    group: Groups
    pinned: Mask
    missing: tuple[str, ...]

    @property
    def enrolled(self) -> Mask:
        """(n,) bool, who takes part."""
        return np.asarray(self.group != NOT_ENROLLED)

    @property
    def randomized(self) -> Mask:
        """(n,) bool, who takes part by lot: the only accounts that a report may compare."""
        return self.enrolled & ~self.pinned

    @property
    def withheld(self) -> Mask:
        """(n,) bool, who is left without rows where the app reads recommendations for everyone."""
        return np.asarray(self.group == CONTROL)

    def rows(self) -> tuple[list[str], list[str]]:
        """List the enrolled accounts, for ``assign_experiment_groups.sql``.

        Returns:
            Their ids, and the name of the group of each.
        """
        enrolled = np.flatnonzero(self.enrolled)
        return (
            [str(self.ids[row]) for row in enrolled],
            [GROUPS[self.group[row]] for row in enrolled],
        )


def draw(experiment: str, ids: Sequence[str]) -> Groups:
    """Assign groups by hash.

    The group is the first bit of SHA-256 of ``<experiment>/<id>``, so the app can compute it
    without a database: ``get_byte(sha256(convert_to('<experiment>/' || id, 'UTF8')), 0) >> 7`` in
    PostgreSQL, ``createHash("sha256").update(`${experiment}/${id}`).digest()[0] >> 7`` in Node.js.

    Args:
        experiment: Name of the experiment.
        ids: n account ids.

    Returns:
        (n,) int8, position in ``GROUPS``.
    """
    dealt = hashlib.sha256(f"{experiment}/".encode())
    first = bytearray(len(ids))
    for row, identifier in enumerate(ids):
        one = dealt.copy()
        one.update(identifier.encode())
        first[row] = one.digest()[0]
    return (np.frombuffer(first, dtype=np.uint8) >> 7).astype(np.int8)


def assign(
    ids: Sequence[str], emails: Sequence[str | None], synthetic: Mask, settings: ExperimentSettings
) -> Assignment:
    """Assign every account: pinned accounts to their fixed group, all others by hash.

    Args:
        ids: n account ids.
        emails: n emails; None if unknown.
        synthetic: (n,) bool. All other accounts are real and take part only if the settings say so.
        settings: Name, participants and pinned accounts of the experiment.

    Returns:
        The group of each account.
    """
    enrolled = synthetic | _takes_part(ids, settings)
    group = np.where(enrolled, draw(settings.name, ids), NOT_ENROLLED).astype(np.int8)
    pinned = np.zeros(len(ids), bool)
    rows = dict(zip(ids, range(len(ids)), strict=True))
    rows |= {email: row for row, email in enumerate(emails) if email is not None}
    for account, name in settings.pinned.items():
        # A person can have the address of a test account: that person is not the test account.
        if account in rows and (account not in TEST_ACCOUNTS or synthetic[rows[account]]):
            group[rows[account]] = GROUPS.index(name)
            pinned[rows[account]] = True
    return Assignment(
        ids=np.array(ids, dtype=object),
        group=group,
        pinned=pinned,
        missing=tuple(sorted(set(settings.pinned) - set(rows))),
    )


def _takes_part(ids: Sequence[str], settings: ExperimentSettings) -> Mask:
    """Return who is in the enrolled share, by a separate hash that never changes; (n,) bool."""
    if not settings.enroll_real_accounts or settings.real_share == 0:
        return np.zeros(len(ids), bool)
    if settings.real_share == 1:
        return np.ones(len(ids), bool)
    drawn = (hashlib.sha256(f"{settings.name}/enrolled/{one}".encode()).digest() for one in ids)
    lots = np.fromiter((int.from_bytes(digest[:6]) for digest in drawn), np.int64, len(ids))
    return np.asarray(lots < settings.real_share * 2**48)


def served_groups(assignment: Assignment, labels: Sequence[Any]) -> Groups:
    """Return the group in which the app served each account, for the report.

    Args:
        assignment: The assignment.
        labels: n values of ``experiment_group``; anything but a group's name means not enrolled.

    Returns:
        (n,) int8, position in ``GROUPS``; ``NOT_ENROLLED`` for pinned accounts and those not
        enrolled.
    """
    positions = {name: position for position, name in enumerate(GROUPS)}
    served = np.array([positions.get(label, NOT_ENROLLED) for label in labels], dtype=np.int8)
    return np.where(assignment.randomized, served, NOT_ENROLLED).astype(np.int8)
