"""The fake users of the simulation: a few accounts with one interest each."""

from collections.abc import Sequence
from dataclasses import dataclass

from threads_pipelines.dataset import identity

RUN_KEY = "fake-users"
INTERESTS = ("sports", "tech", "anime", "cars", "food")
BIO_PREFIX = "FAKE_USER"
MOST_FAKE_USERS = 10
"""So many there can be; their ids are known before they exist."""


@dataclass(frozen=True, slots=True)
class FakeUser:
    """An account of the simulation; its display name comes from the text model."""

    id: str
    email: str
    username: str
    bio: str
    interest: str


def make_fake_users(count: int, interests: Sequence[str] = INTERESTS) -> tuple[FakeUser, ...]:
    """Make the first fake users; their interests take turns. Every call makes the same ones.

    Args:
        count: Number of fake users.
        interests: Their interests, in turn.

    Returns:
        The fake users.

    Raises:
        ValueError: ``count`` is negative, or there is no interest.
    """
    if count < 0 or not interests:
        raise ValueError(f"{count} fake users with {len(interests)} interests: give at least one")
    return tuple(_fake_user(index, interests[index % len(interests)]) for index in range(count))


def is_fake_user(identifier: str, email: str, bio: str | None) -> bool:
    """Return whether an account belongs to the simulation.

    A bio alone is no proof, because anyone can write it.

    Args:
        identifier: The account's id.
        email: The account's email.
        bio: The account's bio.

    Returns:
        Whether all three identify a fake user.
    """
    claims = bio is not None and bio.startswith(BIO_PREFIX)
    return claims and identity.run_key_of(identifier, email) == RUN_KEY


def _fake_user(index: int, interest: str) -> FakeUser:
    identifier = identity.user_id(RUN_KEY, index)
    return FakeUser(
        id=identifier,
        email=identity.user_email(RUN_KEY, index),
        username=f"{interest}_bot_{identifier[-4:]}",
        bio=f"{BIO_PREFIX}: {interest.capitalize()} enthusiast",
        interest=interest,
    )
