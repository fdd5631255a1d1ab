"""Chooses settings on interactions that are held out of the training window.

The search changes one setting, or a few related ones, at a time. Each stage starts from the best
settings so far and keeps a change only if it is better by more than the noise between users. It
starts from the defaults, so a small validation set leaves them unchanged.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.holdout import (
    MAX_LAST_DAY,
    MOST_LAST_DAY,
    share_of_last_day,
    validation_splits,
)
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.fit import Fitter
from threads_pipelines.recommender.presets import BASELINES, SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.newcomers import choose_newcomers
from threads_pipelines.tuning.search import Fold, Search, Trial
from threads_pipelines.tuning.search_space import explore, hours_of

USERS_PER_FIT = 250
"""Validation users that are scored at most for each fit that the search may cost."""

ENOUGH_USERS = 1000
"""With fewer validation users than that, there are further splits."""

BASELINE_MARGIN = 3.0
"""The same for a ranking without anything personal: the app has a feed of that kind already."""


@dataclass(frozen=True, slots=True)
class TuningReport:
    """Result of a search.

    Attributes:
        chosen: The best settings.
        ndcg: Their mean NDCG@10; NaN without validation users.
        users: Number of validation users that were scored.
        split: How interactions were held out: ``time``, ``random`` or ``none``.
        trials: All candidates in order; the formulas of the seeds and the baselines are among them.
    """

    chosen: RecommenderSettings
    ndcg: float
    users: int
    split: str
    trials: tuple[Trial, ...]


def _folds(snapshot: Snapshot, rng: np.random.Generator, most: int) -> list[Fold]:
    """As many splits as give enough users; of a feed that has doubled in a day always two.

    No split has more users than those before it together: the first are what the night is like.
    """
    found: list[tuple[Split, NDArray[np.int32]]] = []
    doubled = MAX_LAST_DAY < share_of_last_day(snapshot) <= MOST_LAST_DAY
    with suppress(DataError):  # nothing left to hold out
        for split in validation_splits(snapshot, rng):
            users = split.test_users()
            users = users[split.known[users]]
            if len(users):
                found.append((split, users))
            if sum(len(u) for _, u in found) >= ENOUGH_USERS and len(found) > doubled:
                break
    folds: list[Fold] = []
    for split, users in found:
        cap = min(most // len(found), sum(len(fold.users) for fold in folds) or most)
        if len(users) > cap:
            users = np.sort(rng.choice(users, cap, replace=False))
        folds.append(Fold(Fitter(split.train), split, users))
    return folds


def tune(
    snapshot: Snapshot,
    *,
    seed: int = 0,
    budget: float = 10.0,
    progress: Callable[[str], None] | None = None,
) -> TuningReport:
    """Choose the settings that rank held-out interactions best.

    Args:
        snapshot: The data. Interactions are held out of it.
        seed: Seed of the random choices.
        budget: Approximate cost of the search in units of one fit and ranking for all users. It
            determines the number of validation users.
        progress: Called with one sentence after each trial.

    Returns:
        The report. If nothing can be held out (no user with two posts) it has the defaults and no
        trial.
    """
    default = RecommenderSettings()
    rng = np.random.default_rng(seed)
    folds = _folds(snapshot, rng, max(1, round(USERS_PER_FIT * budget)))
    if not folds:
        return TuningReport(default, float("nan"), 0, "none", ())
    timed = folds[0].split.cut is not None
    search = Search(folds, progress or (lambda _: None))
    search.start("default", default)
    explore(search, snapshot, timed)
    # Last, and against the winner: the search starts from something personal, because from a
    # baseline no other field makes a difference, and it would never leave it.
    for name, settings in {**SEED_FORMULA, **BASELINES}.items():
        search.attempt(name, settings, margin=BASELINE_MARGIN)
    half_lives = hours_of(snapshot) if timed else (None,)
    chosen = choose_newcomers(folds, search.best, half_lives, ENOUGH_USERS)
    return TuningReport(
        chosen,
        float(search.best_gain.mean()),
        len(search.best_gain),
        "time" if timed else "random",
        tuple(search.trials),
    )
