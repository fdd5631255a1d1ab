"""The choice of the settings for people without a history, or with a short one."""

import numpy as np

from threads_pipelines.evaluation.report import LIGHT
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.folds import Fold
from threads_pipelines.tuning.search import Search

FEW = 20
"""With fewer cold people than that in the validation, all-time popularity stays."""

MARGIN = 0.5
"""Standard errors by which a value has to be better: fewer than in the search, as few are tried."""

_SHARES = (0.05, 0.1, 0.2, 0.35, 0.6)


def choose_newcomers(
    folds: list[Fold], chosen: RecommenderSettings, hours: tuple[float | None, ...], most: int
) -> RecommenderSettings:
    """Choose the half-life for cold users, then the share of popularity for light users.

    Args:
        folds: The validation sets of the search.
        chosen: The settings that were chosen for people with a history.
        hours: Half-lives to try, in hours; None means no decay.
        most: Most cold users, and most light users, to score in each fold.

    Returns:
        ``chosen`` with the settings of newcomers; unchanged if there are too few such users.
    """
    search = _search(folds, chosen, "cold", most)
    if search is not None:
        for half_life in hours:
            search.change({"newcomers.half_life_hours": half_life}, MARGIN)
        chosen = search.best
    search = _search(folds, chosen, "light", most)
    if search is not None:
        for share in _SHARES:
            search.change({"newcomers.share": share}, MARGIN)
        chosen = search.best
    return chosen


def _search(folds: list[Fold], start: RecommenderSettings, group: str, most: int) -> Search | None:
    judged = []
    for fold in folds:
        posts = np.diff(fold.fitter.fit(start).history.start)
        users = fold.split.test_users()
        low, high = (0, 0) if group == "cold" else (1, LIGHT)
        users = users[(posts[users] >= low) & (posts[users] <= high)][:most]
        if len(users):
            judged.append(Fold(fold.fitter, fold.split, users))
    if sum(len(fold.users) for fold in judged) < FEW:
        return None
    search = Search(judged, lambda _: None)
    search.start(group, start)
    return search
