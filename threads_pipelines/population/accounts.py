"""Draws synthetic accounts from archetypes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset import identity
from threads_pipelines.population.archetype import Archetype
from threads_pipelines.population.behaviour.marginals import Floats
from threads_pipelines.population.settings import AccountSettings
from threads_pipelines.population.streams import stream

Texts = NDArray[np.object_]
Ids = NDArray[np.bytes_]
_FIRST_NAMES, _LAST_NAMES = 400, 600


@dataclass(frozen=True, slots=True)
class People:
    """Synthetic accounts, before any interaction. All arrays have length n_users.

    Attributes:
        id: S36.
        email: str.
        username: str, unique.
        name: str, never empty.
        bio: str.
        archetype: int16, position in the archetypes; -1 for the experiment's test accounts, which
            come last.
        interest: (n_users, n_topics) float64; rows sum to one.
        activity: How much the account acts, relative to 1.
        posting: How much the account writes, relative to 1.
    """

    id: Ids
    email: Texts
    username: Texts
    name: Texts
    bio: Texts
    archetype: NDArray[np.int16]
    interest: Floats
    activity: Floats
    posting: Floats

    def __len__(self) -> int:
        """Number of accounts."""
        return len(self.id)

    @property
    def is_test(self) -> NDArray[np.bool_]:
        """Which accounts are the experiment's test accounts."""
        return self.archetype < 0


def draw_people(
    run_key: str,
    count: int,
    archetypes: Sequence[Archetype],
    topics: Sequence[str],
    settings: AccountSettings,
    seed: int,
) -> People:
    """Draw accounts, evenly over the archetypes, and add the test accounts if enabled.

    Args:
        run_key: The run key of the population.
        count: Number of accounts, without the test accounts.
        archetypes: The archetypes.
        topics: All topics.
        settings: Settings of the accounts.
        seed: Seed of the random streams.

    Returns:
        The accounts.

    Raises:
        ValueError: The run key is invalid.
    """
    identity.check_run_key(run_key)
    rng = stream(seed, "people")
    kind = rng.permutation(np.arange(count) % len(archetypes)).astype(np.int16)
    shares = np.array([_shares(a.topic_weights, topics) for a in archetypes])
    interest = _dirichlet(settings.interest_concentration * shares[kind] + 0.02, rng)
    bios = [archetypes[k].bio for k in kind]
    choice = rng.random(count)
    ids = [identity.user_id(run_key, index) for index in range(count)]
    emails = [identity.user_email(run_key, index) for index in range(count)]
    names = _names(count, seed)
    users = People(
        id=np.array(ids, "S36"),
        email=_texts(emails),
        username=_texts(_usernames(names, ids)),
        name=_texts(names),
        bio=_texts(b[int(c * len(b))] for b, c in zip(bios, choice, strict=True)),
        archetype=kind,
        interest=interest,
        activity=np.array([a.activity for a in archetypes])[kind],
        posting=np.array([a.posting for a in archetypes])[kind],
    )
    return _with_test_accounts(users, topics, settings) if settings.test_accounts else users


def _with_test_accounts(users: People, topics: Sequence[str], settings: AccountSettings) -> People:
    emails = list(identity.TEST_ACCOUNTS)
    liked = {topic: float(topic in settings.test_account_topics) for topic in topics}
    if not any(liked.values()):
        liked = dict.fromkeys(topics, 1.0)
    interest = np.array([[liked[topic] + 0.01 for topic in topics]] * len(emails))
    names = [email.split("@")[0].replace("_", " ").title() for email in emails]
    bio = "Test account of the experiment; likes " + " and ".join(settings.test_account_topics)
    return People(
        id=np.append(users.id, np.array([identity.test_account_id(e) for e in emails], "S36")),
        email=np.append(users.email, _texts(emails)),
        username=np.append(users.username, _texts(email.split("@")[0] for email in emails)),
        name=np.append(users.name, _texts(names)),
        bio=np.append(users.bio, _texts([bio] * len(emails))),
        archetype=np.append(users.archetype, np.full(len(emails), -1, np.int16)),
        interest=np.vstack([users.interest, interest / interest.sum(axis=1, keepdims=True)]),
        activity=np.append(users.activity, np.ones(len(emails))),
        posting=np.append(users.posting, np.zeros(len(emails))),
    )


def _shares(weights: Mapping[Any, float], topics: Sequence[str]) -> Floats:
    row = np.array([weights.get(topic, 0.0) for topic in topics], dtype=float)
    shares: Floats = row / row.sum()
    return shares


def _dirichlet(alpha: Floats, rng: np.random.Generator) -> Floats:
    draw = rng.standard_gamma(alpha) + 1e-12
    normalised: Floats = draw / draw.sum(axis=1, keepdims=True)
    return normalised


def _names(count: int, seed: int) -> list[str]:
    """Draw names from pools, because Faker makes only about 20,000 names a second."""
    from faker import Faker

    fake = Faker("en_US")
    fake.seed_instance(seed)
    first = sorted({fake.first_name() for _ in range(min(_FIRST_NAMES, count))})
    last = sorted({fake.last_name() for _ in range(min(_LAST_NAMES, count))})
    rng = stream(seed, "names")
    chosen = zip(rng.integers(len(first), size=count), rng.integers(len(last), size=count),
                 strict=True)  # fmt: skip
    return [f"{first[i]} {last[j]}" for i, j in chosen]


def _usernames(names: Sequence[str], ids: Sequence[str]) -> list[str]:
    """Make unique names such as ``ada_king_3f9a2c``; the end of the id makes them unique."""
    stems = {name: re.sub(r"[^a-z]+", "_", name.lower()).strip("_") for name in set(names)}
    short = [f"{stems[name]}_{key[-6:]}" for name, key in zip(names, ids, strict=True)]
    taken: set[str] = set()
    for index, username in enumerate(short):
        if username in taken:
            short[index] = f"{stems[names[index]]}_{ids[index][-12:]}"
        taken.add(short[index])
    return short


def _texts(values: Iterable[str]) -> Texts:
    return np.array(list(values), dtype=object)
