"""Chooses settings on interactions held out inside the training window.

A search along one field, or a few that belong together, at a time: each stage starts from the best
so far and keeps a change only where it is better by more than the noise between users explains.
The default is where it starts, so a small validation set leaves it as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.metrics import per_user
from threads_pipelines.evaluation.split import Split, hold_out, random_pairs
from threads_pipelines.recommender.model import Fitter
from threads_pipelines.recommender.settings import (
    BASELINES,
    PACES,
    SEED_FORMULA,
    InteractionWeights,
    RecommenderSettings,
)
from threads_pipelines.recommender.similar_posts import LINEAR_LIMIT
from threads_pipelines.recommender.snapshot import Snapshot

TOP = 10
"""Places of the ranking that are judged."""

USERS_PER_FIT = 250
"""Validation users that are scored at most for each fit that the search may cost."""

ENOUGH_USERS = 1000
FOLDS = 2
"""With fewer users than enough, so many earlier splits in all are taken."""

RANDOM_SHARE = 0.1
"""Share of pairs that is held out where there are no timestamps."""

CHEAP_LINEAR = 4000
"""Posts up to which more than one penalty of the linear model is affordable."""

MARGIN = 0.5
"""Standard errors of the paired difference by which a change has to be better."""

BASELINE_MARGIN = 3.0
"""The same for a ranking without anything personal: the app has a feed of that kind already."""

Change = dict[str, Any]
_HOURS = (0.5, 1.0, 2.0, 4.0, 12.0, 36.0, 24.0 * 5, 24.0 * 15, 24.0 * 60, 24.0 * 240)


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate: what it changed, NDCG@10 over the validation users, whether it was kept."""

    name: str
    settings: RecommenderSettings
    ndcg: float
    kept: bool


@dataclass(frozen=True, slots=True)
class TuningReport:
    """What was tried and what won.

    chosen: the winner. ndcg: its NDCG@10. users: validation users scored. split: how they were
    held out (``time`` or ``random``). trials: all candidates in order, the seeds' formulas and the
    baselines among them by name.
    """

    chosen: RecommenderSettings
    ndcg: float
    users: int
    split: str
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class _Fold:
    """One training side with the users whose held-out interactions judge it."""

    fitter: Fitter
    split: Split
    users: NDArray[np.int32]


class _Search:
    """The best settings so far, and every trial on the way."""

    def __init__(self, folds: list[_Fold], say: Callable[[str], None]) -> None:
        self.folds, self.say = folds, say
        self.trials: list[Trial] = []
        self.known: dict[str, NDArray[np.float64]] = {}
        self.best: RecommenderSettings
        self.best_gain: NDArray[np.float64]

    def gain(self, settings: RecommenderSettings) -> NDArray[np.float64]:
        """(n,) NDCG@10 of each validation user of each fold."""
        key = settings.model_dump_json()
        if key not in self.known:
            self.known[key] = np.concatenate([_ndcg(fold, settings) for fold in self.folds])
        return self.known[key]

    def start(self, name: str, settings: RecommenderSettings) -> None:
        """Begin from here."""
        self.best, self.best_gain = settings, self.gain(settings)
        self.trials.append(Trial(name, settings, float(self.best_gain.mean()), True))

    def attempt(
        self, name: str, settings: RecommenderSettings, margin: float | None = None
    ) -> bool:
        """Try a candidate and keep it where it is clearly better than the best so far."""
        if settings.model_dump_json() in self.known and not name.startswith("again"):
            return False
        gain = self.gain(settings)
        difference = gain - self.best_gain
        noise = difference.std() / np.sqrt(len(difference))
        kept = bool(difference.mean() > (MARGIN if margin is None else margin) * noise)
        self.trials.append(Trial(name, settings, float(gain.mean()), kept))
        self.say(f"{name}: NDCG@{TOP} {gain.mean():.4f}{' (kept)' if kept else ''}")
        if kept:
            self.best, self.best_gain = settings, gain
        return kept

    def change(self, **change: Any) -> bool:
        """Try the best so far with some fields changed."""
        name = ", ".join(f"{k}={v}" for k, v in change.items())
        return self.attempt(name, self.best.model_copy(update=change))

    def climb(self, field: str, ladder: tuple[Any, ...]) -> None:
        """Walk up and down an ordered ladder of values for as long as it gets better."""
        now = getattr(self.best, field)
        here = ladder.index(now) if now in ladder else _nearest(ladder, now)
        for step in (-1, 1):
            place, moved = here + step, False
            while 0 <= place < len(ladder) and self.change(**{field: ladder[place]}):
                place, moved = place + step, True
            if moved:
                return


def _nearest(ladder: tuple[Any, ...], now: float) -> int:
    """Place of the value of an ordered ladder that is nearest; ``None`` is the far end."""
    return int(np.argmin([abs(np.inf if step is None else step - now) for step in ladder]))


def _ndcg(fold: _Fold, settings: RecommenderSettings) -> NDArray[np.float64]:
    rows = fold.fitter.fit(settings).recommend(fold.users, TOP)
    return per_user(rows, fold.split.relevant, fold.users, (TOP,))[f"ndcg@{TOP}"]


def _next_split(snapshot: Snapshot, folds: list[_Fold], rng: np.random.Generator) -> Split:
    if not snapshot.timed:
        return random_pairs(snapshot, rng, RANDOM_SHARE)
    return hold_out(folds[-1].split.train if folds else snapshot, rng)


def _folds(snapshot: Snapshot, rng: np.random.Generator, most: int) -> list[_Fold]:
    """The latest split and, where that leaves few users, the one before it, and so on."""
    folds: list[_Fold] = []
    while len(folds) < FOLDS and sum(len(fold.users) for fold in folds) < ENOUGH_USERS:
        try:
            split = _next_split(snapshot, folds, rng)
        except DataError:
            break
        users = split.test_users()
        users = users[split.known[users]]
        if not len(users):
            break
        if len(users) > most:
            users = np.sort(rng.choice(users, most, replace=False))
        folds.append(_Fold(Fitter(split.train), split, users))
    return folds


SHARES = (0.0, 0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 1.0)
EXPONENTS = (-0.2, -0.1, 0.0, 0.1, 0.17, 0.25, 0.35, 0.5, 0.7, 1.0)
_POST_PRESETS: tuple[Change, ...] = tuple(
    {
        "post_user_damping": a,
        "post_source_damping": b1,
        "post_target_damping": b2,
        "post_power": q,
    }
    for a, b1, b2, q in (
        (0.5, 0.3, 0.45, 0.6),
        (0.5, 0.25, 0.4, 0.5),
        (0.6, 0.4, 0.5, 0.7),
        (0.5, 0.5, 0.5, 1.0),
        (0.3, 0.4, 0.6, 1.0),
    )
)


def tune(
    snapshot: Snapshot,
    *,
    seed: int = 0,
    budget: float = 10.0,
    progress: Callable[[str], None] | None = None,
) -> TuningReport:
    """Find settings that rank held-out interactions best.

    budget: how many times the cost of fitting and ranking for everybody the search may cost,
    roughly: it sets how many validation users are scored. Where nothing can be held out (no user with
    two posts) the defaults come back with no trial.
    """
    default = RecommenderSettings()
    rng = np.random.default_rng(seed)
    folds = _folds(snapshot, rng, max(1, round(USERS_PER_FIT * budget)))
    if not folds:
        return TuningReport(default, float("nan"), 0, "none", ())
    timed = folds[0].split.cut > 0
    search = _Search(folds, progress or (lambda _: None))
    search.start("default", default)
    _stages(search, snapshot, timed)
    # Last, and against the winner: the search starts from something personal, because from a
    # baseline no other field makes a difference, and it would never leave it.
    for name, settings in {**SEED_FORMULA, **BASELINES}.items():
        search.attempt(name, settings, margin=BASELINE_MARGIN)
    return TuningReport(
        search.best,
        float(search.best_gain.mean()),
        len(search.best_gain),
        "time" if timed else "random",
        tuple(search.trials),
    )


def _hours(snapshot: Snapshot) -> tuple[float | None, ...]:
    """Half-lives worth trying: those shorter than the data's span, and none."""
    at = snapshot.interactions.at
    span = float(at.max() - at.min()) / 3600
    return (*(hours for hours in _HOURS if hours < span), None)


def _stages(search: _Search, snapshot: Snapshot, timed: bool) -> None:
    hours = _hours(snapshot) if timed else (None,)
    if timed:
        for name, settings in PACES.items():
            search.attempt(name, settings)
        search.climb("popularity_half_life_hours", hours)
    search.climb("popularity_exponent", EXPONENTS)
    search.climb("people_share", SHARES)
    if timed:
        search.climb("vote_half_life_hours", hours)
        search.climb("profile_half_life_hours", hours)
    for preset in _POST_PRESETS:
        search.change(**preset)
    if len(snapshot.posts.ids) <= LINEAR_LIMIT:
        cheap = len(snapshot.posts.ids) <= CHEAP_LINEAR
        for penalty in (80.0, 300.0) if cheap else (200.0,):
            search.change(post_model="linear", linear_regularisation=penalty)
        if search.best.post_model == "linear" and cheap:
            search.climb("linear_regularisation", (20.0, 40.0, 80.0, 150.0, 300.0, 600.0, 1200.0))
    if search.best.post_model == "cosine":
        search.climb("post_neighbours", (20, 50, 100, 300, 1000))
    for damping, power in (
        (0.0, 2.0),
        (0.15, 1.0),
        (0.15, 3.0),
        (0.3, 2.0),
        (0.5, 1.0),
        (0.5, 3.0),
    ):
        search.change(people_damping=damping, people_power=power)
    search.climb("people_neighbours", (50, 100, 200, 500))
    if timed:
        search.climb("popularity_half_life_hours", hours)
    search.climb("people_share", SHARES)
    search.climb("popularity_exponent", EXPONENTS)
    search.climb("floor", (0.001, 0.003, 0.01, 0.03, 0.1))
    if any(text.strip() for text in snapshot.posts.content):
        search.change(content_for_all=True)
        search.climb("content_weight", (0.0, 0.05, 0.1, 0.2, 0.4, 0.8))
    if len(np.unique(snapshot.interactions.kind)) > 1:
        search.change(weights=InteractionWeights(view=1, click=1, like=1, share=1))
        search.change(weights=InteractionWeights(view=1, click=1.5, like=2, share=3))
        search.change(weights=InteractionWeights(view=1, click=2, like=5, share=10))
