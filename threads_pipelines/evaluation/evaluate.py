"""Evaluates models on the same users: known, light and cold users, and fresh posts."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.evaluation import baselines
from threads_pipelines.evaluation.bootstrap import Floats, estimate
from threads_pipelines.evaluation.metrics import (
    beyond_accuracy,
    coverage,
    history_information,
    per_user,
    self_information,
)
from threads_pipelines.evaluation.pair_keys import event_keys
from threads_pipelines.evaluation.report import (
    LIGHT,
    OURS,
    POPULARITY,
    TRENDING,
    EvaluationReport,
    Score,
)
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.presets import SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.recommender.sparse_rows import NO_VALUES

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


MAX_USERS = 20_000
"""Users who are evaluated at most, drawn at random: intervals are narrow long before that."""


Users = NDArray[np.int32]


Recommend = Callable[[Snapshot, Users, int], ScoredRows]
"""(train, users ascending, top_k) -> rows."""


def models(
    settings: RecommenderSettings,
    rng: np.random.Generator,
    trust: NDArray[np.float32] = NO_VALUES,
) -> dict[str, Recommend]:
    """List the models to compare: ours, the formulas of the seeds, and the baselines.

    Args:
        settings: The settings of our model.
        rng: Draws the random baseline.
        trust: What each event of the training data counts in our model, as ``fit`` takes it.

    Returns:
        Functions that fit and rank, by name.
    """

    def fitted(chosen: RecommenderSettings, trust: NDArray[np.float32] = NO_VALUES) -> Recommend:
        return lambda train, users, top_k: fit(train, chosen, trust=trust).recommend(users, top_k)

    return {
        OURS: fitted(settings, trust),
        **{name: fitted(formula) for name, formula in SEED_FORMULA.items()},
        TRENDING: baselines.recent_popularity,
        POPULARITY: baselines.popularity,
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
    """Rank with each model for the same users and compute all metrics.

    Args:
        split: Training data and test pairs.
        contenders: Functions that fit and rank, by name.
        settings: The settings of our model, for the report.
        rng: Draws the sample of users and the bootstrap resamples.
        top_k: Length of the ranked lists.
        max_users: Most users to evaluate; more are sampled.
        progress: Called with one sentence before each model.

    Returns:
        The report.
    """
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
    chosen = history_information(split.train, information)
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
            measured["popularity_bias@10"] = chosen[members] - measured["novelty@10"]
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
                estimates={measure: e for (model, measure), e in found.items() if model == name},
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
        cold=~split.known[users],
    )


def _light(split: Split) -> NDArray[np.bool_]:
    """Return which users have 1 to 4 posts in the training history; (n_users,) bool."""
    n_users, n_posts = split.relevant.shape
    posts = np.bincount(event_keys(split.train.interactions, n_posts) // n_posts, minlength=n_users)
    light: NDArray[np.bool_] = (posts > 0) & (posts <= LIGHT)
    return light


def _on_fresh_posts(split: Split, users: Users) -> "tuple[Users, csr_matrix]":
    relevant = split.relevant.copy()
    relevant.data = split.untouched[relevant.indices]
    relevant.eliminate_zeros()
    return users[np.diff(relevant.indptr)[users] > 0], relevant
