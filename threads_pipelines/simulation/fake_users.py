"""The fake users of the continuous simulation: a few accounts with one interest each."""

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
    """What the simulation writes into ``user``; the display name comes from the text model."""

    id: str
    email: str
    username: str
    bio: str
    interest: str


def make_fake_users(count: int, interests: Sequence[str] = INTERESTS) -> tuple[FakeUser, ...]:
    """The first ``count`` fake users, the interests in turn; the same ones at every call."""
    if count < 0 or not interests:
        raise ValueError(f"{count} fake users with {len(interests)} interests: give at least one")
    return tuple(_fake_user(index, interests[index % len(interests)]) for index in range(count))


def is_fake_user(identifier: str, email: str, bio: str | None) -> bool:
    """Whether the simulation owns an account; a bio, which anyone can write, is no proof."""
    claims = bio is not None and bio.startswith(BIO_PREFIX)
    return claims and identity.run_key_of(identifier, email) == RUN_KEY


def interest_of(username: str) -> str:
    """The interest that a fake user's name tells, such as ``tech`` for ``tech_bot_3f9a``."""
    interest, separator, _ = username.rpartition("_bot_")
    if not separator:
        raise ValueError(f"{username!r} is not the username of a fake user")
    return interest


def _fake_user(index: int, interest: str) -> FakeUser:
    identifier = identity.user_id(RUN_KEY, index)
    return FakeUser(
        id=identifier,
        email=identity.user_email(RUN_KEY, index),
        username=f"{interest}_bot_{identifier[-4:]}",
        bio=f"{BIO_PREFIX}: {interest.capitalize()} enthusiast",
        interest=interest,
    )
