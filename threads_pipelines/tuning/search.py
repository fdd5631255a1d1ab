"""A greedy search over settings that changes the best settings so far, a few values at a time."""

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
    """One candidate: name, settings, mean NDCG@10, and whether it became the best so far."""

    name: str
    settings: RecommenderSettings
    ndcg: float
    kept: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """One validation set: a fitter of its training side, and the users to score."""

    fitter: Fitter
    split: Split
    users: NDArray[np.int32]


class Search:
    """The state of a search: the best settings so far and all trials.

    Args:
        folds: The validation sets.
        say: Called with one sentence after each trial.
    """

    def __init__(self, folds: list[Fold], say: Callable[[str], None]) -> None:
        self.folds, self.say = folds, say
        self.trials: list[Trial] = []
        self.known: dict[str, NDArray[np.float64]] = {}
        self.best: RecommenderSettings
        self.best_gain: NDArray[np.float64]

    def gain(self, settings: RecommenderSettings) -> NDArray[np.float64]:
        """Score settings on all folds; results are cached.

        Args:
            settings: The settings to score.

        Returns:
            (n,) NDCG@10 of each validation user of each fold, in [0, 1].
        """
        key = settings.model_dump_json()
        if key not in self.known:
            self.known[key] = np.concatenate([_ndcg(fold, settings) for fold in self.folds])
        return self.known[key]

    def start(self, name: str, settings: RecommenderSettings) -> None:
        """Start the search from these settings.

        Args:
            name: Name of the trial.
            settings: The settings.
        """
        self.best, self.best_gain = settings, self.gain(settings)
        self.trials.append(Trial(name, settings, float(self.best_gain.mean()), True))

    def attempt(
        self, name: str, settings: RecommenderSettings, margin: float | None = None
    ) -> bool:
        """Score a candidate; keep it if it beats the best so far by more than the noise.

        Args:
            name: Name of the trial.
            settings: The candidate. A candidate that was scored before is not scored again.
            margin: Required improvement in standard errors of the mean. Default: ``MARGIN``.

        Returns:
            Whether the candidate was kept.
        """
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
        """Score the best settings so far with some values changed.

        Args:
            changes: New values by dotted name.

        Returns:
            Whether the candidate was kept.
        """
        name = ", ".join(f"{k}={v}" for k, v in changes.items())
        return self.attempt(name, self.best.changed(changes))

    def climb(self, field: str, ladder: tuple[Any, ...]) -> None:
        """Move one setting down or up an ordered list of values while the score improves.

        Args:
            field: Dotted name of the setting.
            ladder: Values in ascending order; None comes last.
        """
        now = attrgetter(field)(self.best)
        here = ladder.index(now) if now in ladder else _nearest(ladder, now)
        for step in (-1, 1):
            place, moved = here + step, False
            while 0 <= place < len(ladder) and self.change({field: ladder[place]}):
                place, moved = place + step, True
            if moved:
                return


def _nearest(ladder: tuple[Any, ...], now: float) -> int:
    """Return the position of the nearest value of an ordered list; None counts as the last one."""
    return int(np.argmin([abs(np.inf if step is None else step - now) for step in ladder]))


def _ndcg(fold: Fold, settings: RecommenderSettings) -> NDArray[np.float64]:
    rows = fold.fitter.fit(settings).recommend(fold.users, TOP)
    return per_user(rows, fold.split.relevant, fold.users, (TOP,))[f"ndcg@{TOP}"]
