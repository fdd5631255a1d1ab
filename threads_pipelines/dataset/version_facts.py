"""The facts of a version: what its manifest says of it, typed, and readers of older layouts.

A version is one attempt at a day's feeds. The steps of the night add to its facts: reading gives
``as_of``, ``look_back_days``, ``database`` and ``read``; evaluation the settings and the judgement;
ranking ``top_k`` and, after the checks passed, ``checked_rows``; validation ``night``.
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
    """Which database a version was read from.

    server: system identifier of the PostgreSQL cluster in decimal digits, or ``address HOST:PORT``
    where the server does not tell it. database, schema: their names. address: where the server was
    reached, ``HOST:PORT`` or ``this machine``; it is not compared, because a server can move.
    """

    server: str
    database: str
    schema: str
    address: str = field(default="", compare=False)

    def __str__(self) -> str:
        """As messages name it."""
        server = self.server if self.server.startswith("address ") else f"server {self.server}"
        return f"{self.database}.{self.schema} ({server})"


@dataclass(frozen=True, slots=True)
class GateDecision:
    """The decision of the gate on the settings of a night.

    gate: its decision. numbers: finite metrics by name, such as ``ndcg@10``.
    """

    gate: str
    numbers: Mapping[str, float] = field(default_factory=dict)

    def metrics(self) -> dict[str, Any]:
        """As the registry keeps it: the decision as ``gate`` beside the numbers."""
        return {"gate": self.gate, **self.numbers}


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """What a manifest says of its version. It holds no secret.

    as_of: instant up to which the database was read. look_back_days: days of interactions.

    kind, parent: a ``night`` is a day's own version and has no parent. A ``refresh`` is derived
    from the night named by ``parent`` between two nights: it is never its partition's current
    version, never what a rollback without a named version goes back to, and cannot be pinned.

    database: where the rows were read; None in versions stored before it was noted.
    settings: JSON of the recommender's settings, as the recommender wrote it (this room imports no
    other one); ``RecommenderSettings.model_validate`` reads it. settings_source: whose they are.

    checked_rows: SHA-256 of the scored rows that passed the checks. ``NOT_CHECKED`` until then,
    and again while the rows are made anew. None in versions stored before this state was kept: of
    those, the ones that the registry knows as published count as checked.
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

    def __post_init__(self) -> None:
        """Check that a refresh names its night, and nothing else names one."""
        if (self.kind == "refresh") != (self.parent is not None):
            raise ValueError(f"a {self.kind} cannot have the parent {self.parent!r}")


def facts_to_json(facts: VersionFacts) -> dict[str, Any]:
    """Turn facts into JSON values, as a manifest holds them."""
    return dict(_adapter().dump_python(facts, mode="json"))


def facts_from_json(value: object) -> VersionFacts:
    """Read what ``facts_to_json`` gave, of this release or of an earlier one.

    Args:
        value: the parsed JSON of a manifest's ``facts``.

    Raises:
        ValueError: for anything else, naming the field.
    """
    upgraded = _upgraded(value) if isinstance(value, dict) else value
    return _adapter().validate_json(json.dumps(upgraded), strict=True)


def _upgraded(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Rename what releases before the typed facts called otherwise."""
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
