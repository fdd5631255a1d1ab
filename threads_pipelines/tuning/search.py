"""A search over settings: a race of whole settings, then changes of the best settings so far.

A candidate is first scored on a part of the validation users. It is scored on the rest only if it
is better on that part. Differences between candidates are paired by user.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np

from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.folds import PARTS, TOP, Fold, Gains, in_parts, ndcg_of

MARGIN = 1.0
"""Standard errors of the paired difference by which a change has to be better."""

FEWEST = 3
"""Starts that go on to the next part at least."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One candidate: name, settings, mean NDCG@10, and whether it became the best so far.

    For a candidate that was scored on a part of the users, the NDCG@10 is that of the best so far
    on all users plus the paired difference on the part.
    """

    name: str
    settings: RecommenderSettings
    ndcg: float
    kept: bool


class Search:
    """The state of a search: the best settings so far and all trials.

    Args:
        folds: The validation sets.
        say: Called with one sentence after each trial.
    """

    def __init__(self, folds: list[Fold], say: Callable[[str], None]) -> None:
        self.say = say
        self.trials: list[Trial] = []
        self.best: RecommenderSettings
        self._gains: dict[tuple[str, int], Gains] = {}
        self._parts = in_parts(folds)

    @property
    def best_gain(self) -> Gains:
        """(n,) NDCG@10 of the best so far, for each validation user."""
        return self.gain(self.best)

    def gain(self, settings: RecommenderSettings, parts: int = len(PARTS)) -> Gains:
        """Score settings on the first parts of the users; results are cached.

        Args:
            settings: The settings to score.
            parts: Number of parts; all by default.

        Returns:
            (n,) NDCG@10 of each validation user, part by part, in [0, 1].
        """
        key = settings.model_dump_json()
        some = range(min(parts, len(self._parts)))
        for part in some:
            if (key, part) not in self._gains:
                found = [ndcg_of(fold, settings) for fold in self._parts[part]]
                self._gains[key, part] = np.concatenate(found)
        return np.concatenate([self._gains[key, part] for part in some])

    def start(self, name: str, settings: RecommenderSettings) -> None:
        """Start the search from these settings.

        Args:
            name: Name of the trial.
            settings: The settings.
        """
        self.best = settings
        self.trials.append(Trial(name, settings, float(self.best_gain.mean()), True))

    def race(self, starts: Mapping[str, RecommenderSettings]) -> None:
        """Compare whole settings by successive halving, then attempt those that are left.

        Args:
            starts: Settings by name. After each part of the users the best third goes on.
        """
        alive = best_first = [name for name in starts if starts[name] != self.best]
        for part in range(1, len(self._parts)):
            mean = {name: float(self.gain(starts[name], part).mean()) for name in alive}
            best = float(self.gain(self.best, part).mean())
            by_mean = sorted(alive, key=lambda name: -mean[name])
            best_first = by_mean[: max(FEWEST, len(alive) // 3)]
            for name in by_mean[len(best_first) :]:
                self._note(name, starts[name], mean[name] - best, False)
            alive = [name for name in alive if name in best_first]
        for name in best_first:
            self.attempt(name, starts[name])

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
        if settings in (trial.settings for trial in self.trials):
            return False
        margin = MARGIN if margin is None else margin
        for parts in (1, len(self._parts)):
            difference = self.gain(settings, parts) - self.gain(self.best, parts)
            if difference.mean() <= 0 <= margin:
                self._note(name, settings, float(difference.mean()), False)
                return False
        noise = difference.std() / np.sqrt(len(difference))
        kept = bool(difference.mean() > margin * noise)
        self._note(name, settings, float(difference.mean()), kept)
        if kept:
            self.best = settings
        return kept

    def change(self, changes: Mapping[str, Any], margin: float | None = None) -> bool:
        """Score the best settings so far with some values changed.

        Args:
            changes: New values by dotted name.
            margin: As in ``attempt``.

        Returns:
            Whether the candidate was kept.
        """
        name = ", ".join(f"{k}={v}" for k, v in changes.items())
        return self.attempt(name, self.best.changed(changes), margin)

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

    def _note(
        self, name: str, settings: RecommenderSettings, difference: float, kept: bool
    ) -> None:
        ndcg = float(self.best_gain.mean()) + difference
        self.trials.append(Trial(name, settings, ndcg, kept))
        self.say(f"{name}: NDCG@{TOP} {ndcg:.4f}{' (kept)' if kept else ''}")


def _nearest(ladder: tuple[Any, ...], now: float) -> int:
    """Return the position of the nearest value of an ordered list; None counts as the last one."""
    return int(np.argmin([abs(np.inf if step is None else step - now) for step in ladder]))
