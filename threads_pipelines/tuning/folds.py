"""Validation sets of a search, and the users to score in each round."""

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
from threads_pipelines.evaluation.metrics import per_user
from threads_pipelines.evaluation.split import Split
from threads_pipelines.recommender.fit import Fitter
from threads_pipelines.recommender.settings import RecommenderSettings

TOP = 10
"""Places of the ranking that are judged."""

PARTS = (0.2, 0.5, 1.0)
"""Shares of the validation users that a candidate has been scored on after each round."""

MIN_PART = 100
"""Users that the first part needs; with fewer, every candidate is scored on all users at once."""

ENOUGH_USERS = 1000
"""With fewer validation users than that, there are further splits, and no final comparison."""

FINAL_SHARE = 0.2
"""Share of the validation users that is kept for the final comparison."""

Gains = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fold:
    """One validation set: a fitter of its training side, and the users to score, ascending."""

    fitter: Fitter
    split: Split
    users: NDArray[np.int32]


def held_out_folds(
    snapshot: Snapshot, rng: np.random.Generator, most: int
) -> tuple[list[Fold], list[Fold]]:
    """Hold out as many splits as give enough users; two if a feed has doubled in a day.

    No split has more users than those before it together: the first are what the night is like.

    Args:
        snapshot: The data.
        rng: Draws the users.
        most: Most users of all folds of the search together.

    Returns:
        The folds of the search, and folds with other users for the final comparison; no final folds
        if there are few users.
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
    final: list[Fold] = []
    enough = sum(len(u) for _, u in found) >= ENOUGH_USERS
    for split, users in found:
        cap = min(most // len(found), sum(len(fold.users) for fold in folds) or most)
        kept = round(FINAL_SHARE * min(len(users), cap)) if enough else 0
        drawn = rng.permutation(users)[: cap + kept]
        fitter = Fitter(split.train)
        folds.append(Fold(fitter, split, np.sort(drawn[kept:])))
        if kept:
            final.append(Fold(fitter, split, np.sort(drawn[:kept])))
    return folds, final


def in_parts(folds: list[Fold]) -> list[list[Fold]]:
    """Divide the users of each fold into parts, in the same way for every search.

    Args:
        folds: The validation sets.

    Returns:
        For each part the folds with its users; a single part if there are few users.
    """
    if sum(len(fold.users) for fold in folds) * PARTS[0] < MIN_PART:
        return [folds]
    parts: list[list[Fold]] = [[] for _ in PARTS]
    for fold in folds:
        order = np.random.default_rng(0).permutation(len(fold.users))
        ends = [round(share * len(order)) for share in PARTS]
        for part, low, high in zip(parts, [0, *ends], ends, strict=False):
            users = fold.users[np.sort(order[low:high])]
            if len(users):
                part.append(Fold(fold.fitter, fold.split, users))
    return parts


def ndcg_of(fold: Fold, settings: RecommenderSettings) -> Gains:
    """Fit settings on the training side and score them on the users of a fold.

    Args:
        fold: The validation set.
        settings: The settings.

    Returns:
        (n,) NDCG@10 of each user, in [0, 1].
    """
    rows = fold.fitter.fit(settings).recommend(fold.users, TOP)
    return per_user(rows, fold.split.relevant, fold.users, (TOP,))[f"ndcg@{TOP}"]
