"""The report of an evaluation: metrics of each model on each group of users."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.evaluation.bootstrap import Estimate, Floats

OURS = "ours"
TRENDING = "recent_popularity"
POPULARITY = "popularity"
GROUPS = {
    "known": "users with a history, everything they could have been shown",
    "light": "users with one to four posts in their history, everything they could have been shown",
    "cold": "users without one, everything they could have been shown",
    "fresh": "all users, posts that nobody had touched",
}
LIGHT = 4
"""Posts of a history up to which a user is light."""


@dataclass(frozen=True, slots=True)
class Score:
    """Metrics of one model on one group of users. ``estimates`` is empty if the group is empty."""

    model: str
    group: str
    users: int
    pairs: int
    coverage: float | None
    estimates: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """Result of an evaluation.

    Attributes:
        cut: End of the training window in epoch seconds; None for a random hold-out.
        until: End of the test window in epoch seconds; None for a random hold-out.
        top_k: Length of the ranked lists.
        events: Number of training events.
        pairs: Number of test pairs that could be recommended.
        unreachable: Number of test pairs on posts that were written after the cut.
        settings: The settings of our model.
        scores: Metrics by group and model.
        ndcg: Per-user NDCG@10 of each model over all evaluated users; not part of the JSON.
        cold: (n_users,) bool, which of these users have no history; not part of the JSON.
    """

    cut: int | None
    until: int | None
    top_k: int
    events: int
    pairs: int
    unreachable: int
    settings: dict[str, Any]
    scores: tuple[Score, ...]
    ndcg: dict[str, Floats] = field(repr=False)
    cold: NDArray[np.bool_] = field(repr=False)

    def rows(self) -> list[dict[str, Any]]:
        """Flatten the report for a table or a plot.

        Returns:
            One dictionary for each group and model, with the means, and the bounds as
            ``<name>_low`` and ``<name>_high``.
        """
        return [
            {"group": s.group, "model": s.model, "users": s.users, "pairs": s.pairs}
            | {"coverage@10": s.coverage}
            | {name: e.mean for name, e in s.estimates.items()}
            | {f"{name}_low": e.low for name, e in s.estimates.items()}
            | {f"{name}_high": e.high for name, e in s.estimates.items()}
            for s in self.scores
        ]

    def to_json(self) -> str:
        """Serialise the report without per-user vectors; non-finite numbers become null.

        Returns:
            JSON text.
        """
        content = asdict(self)
        del content["ndcg"], content["cold"]
        return json.dumps(_plain(content), indent=1, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
