"""The facts of a version, as its manifest holds them, and readers of the layouts of old releases.

A version is one attempt at a day's feeds. Each step of the night adds facts: reading adds
``as_of``, ``look_back_days``, ``database`` and ``read``; evaluation adds the settings and the
judgement; ranking adds ``top_k`` and, after the checks passed, ``checked_rows``; validation adds
``night``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from pydantic import AwareDatetime, TypeAdapter

from threads_pipelines.dataset.night import Night
from threads_pipelines.dataset.read_report import ReadReport

NOT_CHECKED = ""


@dataclass(frozen=True, slots=True)
class DatabaseIdentity:
    """The database that a version was read from.

    Attributes:
        server: System identifier of the PostgreSQL cluster in decimal digits, or ``address
            HOST:PORT`` if the server does not reveal it.
        database: Name of the database.
        schema: Name of the schema.
        address: Address of the server, ``HOST:PORT`` or ``this machine``. It is not compared,
            because a server can move.
    """

    server: str
    database: str
    schema: str
    address: str = field(default="", compare=False)

    def __str__(self) -> str:
        """Return the text that messages use."""
        server = self.server if self.server.startswith("address ") else f"server {self.server}"
        return f"{self.database}.{self.schema} ({server})"


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The gate's decision on the settings of a night, and the metrics that it had.

    Attributes:
        gate: The decision.
        numbers: Finite metrics by name, such as ``ndcg@10``.
    """

    gate: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    def metrics(self) -> dict[str, Any]:
        """Return the decision and the metrics in the form that the registry stores.

        Returns:
            The metrics by name, and the decision as ``gate``.
        """
        return {"gate": self.gate, **self.numbers}


@dataclass(frozen=True, slots=True)
class GuardFacts:
    """What the engagement guard did to the events of a version.

    doubted_posts of judged_posts: posts whose audience is hardly more alike than chance gives.
    flagged_accounts: accounts whose events count less. discounted_events: share of all events, in
    [0, 1], that count less.
    """

    doubted_posts: int
    judged_posts: int
    flagged_accounts: int
    discounted_events: float


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """The facts that a manifest holds about its version. They contain no secret.

    Attributes:
        as_of: Instant up to which the database was read.
        look_back_days: Days of interactions that were read.
        kind: ``night`` for a day's own version. ``refresh`` for a version that was derived between
            two nights; it is never its partition's current version, is never chosen by a rollback
            without a named version, and cannot be pinned.
        parent: The night that a refresh was derived from; None for a night.
        database: The database that the rows were read from; None in versions of releases that did
            not store it.
        read: Counts of the rows that were read.
        guard: what the engagement guard did; None where it is off, or the version is older than it.
    settings: JSON of the recommender's settings, which ``RecommenderSettings.from_stored``
            reads.
        settings_source: Where the settings come from, such as ``tonight's`` or ``trending``.
        judgement: The gate's decision.
        top_k: Length of a full feed.
        checked_rows: SHA-256 of the scored rows that passed the checks. ``NOT_CHECKED`` before
            that, and while the rows are made again. None in versions of releases that did not store
            it; those that the registry lists as published count as checked.
        night: Counts of the night.
    """

    as_of: AwareDatetime
    look_back_days: float
    kind: Literal["night", "refresh"] = "night"
    parent: str | None = None
    database: DatabaseIdentity | None = None
    read: ReadReport | None = None
    settings: Mapping[str, Any] | None = None
    settings_source: str | None = None
    judgement: GateDecision | None = None
    top_k: int | None = None
    checked_rows: str | None = NOT_CHECKED
    night: Night | None = None
    guard: GuardFacts | None = None

    def __post_init__(self) -> None:
        """Check that a refresh names its night and that a night names none."""
        if (self.kind == "refresh") != (self.parent is not None):
            raise ValueError(f"a {self.kind} cannot have the parent {self.parent!r}")


def facts_to_json(facts: VersionFacts) -> dict[str, Any]:
    """Convert facts to the JSON values of a manifest.

    Args:
        facts: The facts.

    Returns:
        The JSON object.
    """
    return dict(_adapter().dump_python(facts, mode="json"))


def facts_from_json(value: object) -> VersionFacts:
    """Read the facts of a manifest, written by this release or an earlier one.

    Args:
        value: The parsed JSON of a manifest's ``facts``.

    Returns:
        The facts.

    Raises:
        ValueError: ``value`` is not valid; the message names the field.
    """
    upgraded = _upgraded(value) if isinstance(value, dict) else value
    return _adapter().validate_json(json.dumps(upgraded), strict=True)


def _upgraded(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Rename fields that had other names in releases before the typed facts."""
    facts = dict(stored)
    facts.setdefault("checked_rows", None)
    if "whose" in facts:
        facts["settings_source"] = facts.pop("whose")
    if "metrics" in facts:
        numbers = dict(facts.pop("metrics"))
        facts["judgement"] = {"gate": numbers.pop("gate", None), "numbers": numbers}
    return facts


@cache
def _adapter() -> TypeAdapter[VersionFacts]:
    return TypeAdapter(VersionFacts)
