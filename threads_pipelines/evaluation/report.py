"""One evaluation: ours beside every baseline, on known users, cold users and fresh posts apart."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation import baselines
from threads_pipelines.evaluation.metrics import (
    Estimate,
    Floats,
    beyond_accuracy,
    coverage,
    estimate,
    per_user,
    self_information,
)
from threads_pipelines.evaluation.split import Split, event_keys
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.presets import SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

OURS = "ours"
TRENDING = "recent_popularity"
GROUPS = {
    "known": "users with a history, everything they could have been shown",
    "light": "users with one to four posts in their history, everything they could have been shown",
    "cold": "users without one, everything they could have been shown",
    "fresh": "all users, posts that nobody had touched",
}
LIGHT = 4
"""Posts of a history up to which a user is light."""
MAX_USERS = 20_000
"""Users who are evaluated at most, drawn at random: intervals are narrow long before that."""
Users = NDArray[np.int32]
Recommend = Callable[[Snapshot, Users, int], ScoredRows]
"""(train, users ascending, top_k) -> rows."""


@dataclass(frozen=True, slots=True)
class Score:
    """One model on one group. ``estimates`` is empty where the group has nobody."""

    model: str
    group: str
    users: int
    pairs: int
    coverage: float | None
    estimates: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What was found.

    cut, until: the test window, epoch seconds (None for a random hold-out).
    events: training events. pairs: test pairs that could be found. unreachable: those on posts
        that came after the cut.
    settings: of ours. ndcg: per-user NDCG@10 of each model over all evaluated users, for the gate;
        not in the JSON.
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

    def rows(self) -> list[dict[str, Any]]:
        """A flat row a model and group, for a table or plot: means, ``<name>_low``, ``_high``."""
        return [
            {"group": s.group, "model": s.model, "users": s.users, "pairs": s.pairs}
            | {"coverage@10": s.coverage}
            | {name: e.mean for name, e in s.estimates.items()}
            | {f"{name}_low": e.low for name, e in s.estimates.items()}
            | {f"{name}_high": e.high for name, e in s.estimates.items()}
            for s in self.scores
        ]

    def to_json(self) -> str:
        """Everything but the per-user vectors; numbers that are not finite become null."""
        content = asdict(self)
        del content["ndcg"]
        return json.dumps(_plain(content), indent=1, allow_nan=False)


def models(settings: RecommenderSettings, rng: np.random.Generator) -> dict[str, Recommend]:
    """Ours with ``settings``, the seeds' formulas, and the baselines, by name."""

    def fitted(chosen: RecommenderSettings) -> Recommend:
        return lambda train, users, top_k: fit(train, chosen).recommend(users, top_k)

    return {
        OURS: fitted(settings),
        **{name: fitted(formula) for name, formula in SEED_FORMULA.items()},
        TRENDING: baselines.recent_popularity,
        "popularity": baselines.popularity,
        "random": lambda train, users, top_k: baselines.random(train, users, top_k, rng),
    }


def evaluate(
    split: Split,
    contenders: Mapping[str, Recommend],
    settings: Mapping[str, Any],
    rng: np.random.Generator,
    *,
    top_k: int = 50,
    max_users: int = MAX_USERS,
    progress: Callable[[str], None] | None = None,
) -> EvaluationReport:
    """Let each contender rank for the same users, and measure."""
    users = split.test_users()
    if len(users) > max_users:
        users = np.sort(rng.choice(users, max_users, replace=False))
    groups = {
        "known": (users[split.known[users]], split.relevant),
        "light": (users[_light(split)[users]], split.relevant),
        "cold": (users[~split.known[users]], split.relevant),
        "fresh": _on_fresh_posts(split, users),
    }
    information = self_information(split.train)
    ndcg: dict[str, Floats] = {}
    shown: dict[tuple[str, str], float] = {}
    vectors: dict[str, dict[tuple[str, str], Floats]] = {group: {} for group in groups}
    for name, recommend in contenders.items():
        if progress:
            progress(f"evaluating {name}")
        rows = recommend(split.train, users, top_k)
        ndcg[name] = per_user(rows, split.relevant, users, (10,))["ndcg@10"]
        for group, (members, relevant) in groups.items():
            measured = per_user(rows, relevant, members)
            measured |= beyond_accuracy(rows, information, split.recent, members)
            vectors[group] |= {(name, measure): vector for measure, vector in measured.items()}
            shown[group, name] = coverage(rows, split.train, members)
    scores = []
    for group, (members, relevant) in groups.items():
        # On the same resamples for all models.
        found = estimate(vectors[group], rng) if len(members) else {}
        for name in contenders:
            score = Score(
                model=name,
                group=group,
                users=len(members),
                pairs=int(np.diff(relevant.indptr)[members].sum()),
                coverage=shown[group, name] if len(members) else None,
                estimates={measure: e for (whose, measure), e in found.items() if whose == name},
            )
            scores.append(score)
    return EvaluationReport(
        cut=split.cut,
        until=split.until,
        top_k=top_k,
        events=len(split.train.interactions),
        pairs=int(np.diff(split.relevant.indptr)[users].sum()),
        unreachable=split.unreachable,
        settings=dict(settings),
        scores=tuple(scores),
        ndcg=ndcg,
    )


def _light(split: Split) -> NDArray[np.bool_]:
    """(n_users,) bool, who has one to four posts in the training history."""
    n_users, n_posts = split.relevant.shape
    posts = np.bincount(event_keys(split.train.interactions, n_posts) // n_posts, minlength=n_users)
    light: NDArray[np.bool_] = (posts > 0) & (posts <= LIGHT)
    return light


def _on_fresh_posts(split: Split, users: Users) -> "tuple[Users, csr_matrix]":
    relevant = split.relevant.copy()
    relevant.data = split.untouched[relevant.indices]
    relevant.eliminate_zeros()
    return users[np.diff(relevant.indptr)[users] > 0], relevant


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
