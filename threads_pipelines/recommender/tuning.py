"""Chooses settings on interactions held out inside the training window.

A search along one field, or a few that belong together, at a time: each stage starts from the best
so far and keeps a change only where it is better by more than the noise between users explains.
The default is where it starts, so a small validation set leaves it as it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.metrics import per_user
from threads_pipelines.evaluation.split import Split, hold_out
from threads_pipelines.recommender.model import Fitter
from threads_pipelines.recommender.settings import (
    BASELINES,
    SEED_FORMULA,
    InteractionWeights,
    RecommenderSettings,
)
from threads_pipelines.recommender.similar_posts import LINEAR_LIMIT
from threads_pipelines.recommender.snapshot import Snapshot

TOP = 10
USERS = 3000
"""Validation users that are scored at most."""

MARGIN = 0.5
"""Standard errors of the paired difference by which a change has to be better."""

Change = dict[str, Any]
_HOURS = (0.5, 1.0, 2.0, 4.0, 12.0, 36.0, 24.0 * 5, 24.0 * 15, 24.0 * 60, 24.0 * 240, None)


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


class _Search:
    """The best settings so far, and every trial on the way."""

    def __init__(self, split: Split, users: NDArray[np.int32], say: Callable[[str], None]) -> None:
        self.fitter, self.split, self.users, self.say = Fitter(split.train), split, users, say
        self.trials: list[Trial] = []
        self.known: dict[str, NDArray[np.float64]] = {}
        self.best: RecommenderSettings
        self.best_gain: NDArray[np.float64]

    def gain(self, settings: RecommenderSettings) -> NDArray[np.float64]:
        """(n_users,) NDCG@10 of each validation user."""
        key = settings.model_dump_json()
        if key not in self.known:
            rows = self.fitter.fit(settings).recommend(self.users, TOP)
            measured = per_user(rows, self.split.relevant, self.users, (TOP,))
            self.known[key] = measured[f"ndcg@{TOP}"]
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
        here = ladder.index(now) if now in ladder else len(ladder) // 2
        for step in (-1, 1):
            place, moved = here + step, False
            while 0 <= place < len(ladder) and self.change(**{field: ladder[place]}):
                place, moved = place + step, True
            if moved:
                return


_POST_PRESETS: tuple[Change, ...] = tuple(
    {
        "post_user_damping": a,
        "post_source_damping": b1,
        "post_target_damping": b2,
        "post_power": q,
    }
    for a, b1, b2, q in (
        (0.5, 0.3, 0.6, 0.6),
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

    budget: how many fits the search may cost, roughly. Where nothing can be held out (no user with
    two posts) the defaults come back with no trial.
    """
    default = RecommenderSettings()
    try:
        split = hold_out(snapshot, np.random.default_rng(seed))
    except DataError:
        return TuningReport(default, float("nan"), 0, "none", ())
    rng = np.random.default_rng(seed)
    users = split.test_users()
    users = users[split.known[users]]
    if not len(users):
        return TuningReport(default, float("nan"), 0, "none", ())
    if len(users) > USERS:
        users = np.sort(rng.choice(users, USERS, replace=False))
    timed = split.cut > 0
    search = _Search(split, users, progress or (lambda _: None))
    search.start("default", default)
    for name, settings in {**SEED_FORMULA, **BASELINES}.items():
        search.attempt(name, settings, margin=3.0)
    _stages(search, snapshot, timed)
    return TuningReport(
        search.best,
        float(search.best_gain.mean()),
        len(users),
        "time" if timed else "random",
        tuple(search.trials),
    )


def _stages(search: _Search, snapshot: Snapshot, timed: bool) -> None:
    if timed:
        for hours in (1.0, 4.0, 36.0, 24.0 * 15, None):
            search.change(popularity_half_life_hours=hours, popularity_exponent=0.3)
        search.climb("popularity_half_life_hours", _HOURS)
    search.climb("popularity_exponent", (-0.2, 0.0, 0.15, 0.3, 0.5, 0.8))
    search.climb("people_share", (0.0, 0.25, 0.5, 0.75, 1.0))
    for preset in _POST_PRESETS:
        search.change(**preset)
    if len(snapshot.posts.ids) <= LINEAR_LIMIT:
        for penalty in (100.0, 500.0):
            search.change(post_model="linear", linear_regularisation=penalty)
        if search.best.post_model == "linear":
            search.climb("linear_regularisation", (20.0, 100.0, 500.0, 2000.0))
    if search.best.post_model == "cosine":
        search.climb("post_neighbours", (20, 50, 100, 300, 1000))
    for damping, power in ((0.15, 1.0), (0.15, 2.0), (0.3, 2.0), (0.5, 1.0), (0.5, 2.0)):
        search.change(people_damping=damping, people_power=power)
    search.climb("people_neighbours", (50, 100, 200, 500))
    if timed:
        search.climb("vote_half_life_hours", _HOURS)
        search.climb("profile_half_life_hours", _HOURS)
        search.climb("popularity_half_life_hours", _HOURS)
    search.climb("people_share", (0.0, 0.1, 0.25, 0.4, 0.5, 0.6, 0.75, 0.9, 1.0))
    search.climb("popularity_exponent", (-0.2, -0.1, 0.0, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.8))
    search.climb("floor", (0.001, 0.003, 0.01, 0.03, 0.1))
    if len(np.unique(snapshot.interactions.kind)) > 1:
        search.change(weights=InteractionWeights(view=1, click=1, like=1, share=1))
        search.change(weights=InteractionWeights(view=1, click=1.5, like=2, share=3))
        search.change(weights=InteractionWeights(view=1, click=2, like=5, share=10))
