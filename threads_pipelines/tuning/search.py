"""A greedy search over settings: the best so far, changed a little at a time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from threads_pipelines.evaluation.metrics import per_user
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.fit import Fitter
from threads_pipelines.recommender.settings import RecommenderSettings

TOP = 10
"""Places of the ranking that are judged."""

MARGIN = 0.5
"""Standard errors of the paired difference by which a change has to be better."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate: what it changed, NDCG@10 over the validation users, whether it was kept."""

    name: str
    settings: RecommenderSettings
    ndcg: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """One training side with the users whose held-out interactions judge it."""

    fitter: Fitter
    split: Split
    users: NDArray[np.int32]


class Search:
    """The best settings so far, and every trial on the way."""

    def __init__(self, folds: list[Fold], say: Callable[[str], None]) -> None:
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
        if settings.model_dump_json() in self.known:
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

    def change(self, changes: Mapping[str, Any]) -> bool:
        """Try the best so far with other values, by dotted name."""
        name = ", ".join(f"{k}={v}" for k, v in changes.items())
        return self.attempt(name, self.best.changed(changes))

    def climb(self, field: str, ladder: tuple[Any, ...]) -> None:
        """Walk up and down an ordered ladder of values for as long as it gets better."""
        now = attrgetter(field)(self.best)
        here = ladder.index(now) if now in ladder else _nearest(ladder, now)
        for step in (-1, 1):
            place, moved = here + step, False
            while 0 <= place < len(ladder) and self.change({field: ladder[place]}):
                place, moved = place + step, True
            if moved:
                return


def _nearest(ladder: tuple[Any, ...], now: float) -> int:
    """Place of the value of an ordered ladder that is nearest; ``None`` is the far end."""
    return int(np.argmin([abs(np.inf if step is None else step - now) for step in ladder]))


def _ndcg(fold: Fold, settings: RecommenderSettings) -> NDArray[np.float64]:
    rows = fold.fitter.fit(settings).recommend(fold.users, TOP)
    return per_user(rows, fold.split.relevant, fold.users, (TOP,))[f"ndcg@{TOP}"]
