"""Chooses settings on interactions that are held out of the training window.

The search first compares whole settings by successive halving. It then changes one setting, or a
few related ones, at a time. Each stage starts from the best settings so far and keeps a change only
if it is better by more than the noise between users. The search starts from the defaults, so a
small validation set leaves them unchanged. At the end the winner is compared with the settings of
earlier stages on users that no stage has scored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.presets import BASELINES, SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.folds import Fold, held_out_folds
from threads_pipelines.tuning.newcomers import choose_newcomers
from threads_pipelines.tuning.search import Search, Trial
from threads_pipelines.tuning.search_space import explore, hours_of
from threads_pipelines.tuning.starts import starts_of

USERS_PER_FIT = 250
"""Validation users that are scored at most for each fit that the search may cost."""

NEWCOMERS = 500
"""Cold users, and light users, of each fold who are scored at most."""

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
    folds, final = held_out_folds(snapshot, rng, max(1, round(USERS_PER_FIT * budget)))
    if not folds:
        return TuningReport(default, float("nan"), 0, "none", ())
    split = folds[0].split
    timed = split.cut is not None
    search = Search(folds, progress or (lambda _: None))
    search.start("default", default)
    search.race(starts_of(snapshot, split, timed))
    raced = search.best
    explore(search, snapshot, split, timed)
    # Last, and against the winner: the search starts from something personal, because from a
    # baseline no other field makes a difference, and it would never leave it.
    for name, settings in {**SEED_FORMULA, **BASELINES}.items():
        search.attempt(name, settings, margin=BASELINE_MARGIN)
    if final:
        _compare(search, final, {"default": default, "winner of the race": raced})
    half_lives = hours_of(snapshot) if timed else (None,)
    chosen = choose_newcomers(folds, search.best, half_lives, NEWCOMERS)
    return TuningReport(
        chosen,
        float(search.best_gain.mean()),
        len(search.best_gain),
        "time" if timed else "random",
        tuple(search.trials),
    )


def _compare(search: Search, final: list[Fold], others: Mapping[str, RecommenderSettings]) -> None:
    """Replace the winner by an earlier candidate that is clearly better on other users."""
    last = Search(final, search.say)
    last.start("final: winner", search.best)
    for name, settings in others.items():
        last.attempt(f"final: {name}", settings)
    search.best = last.best
    search.trials += last.trials
