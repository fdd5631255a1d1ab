"""The search scores few users first, and compares its finalists on users of their own."""

import numpy as np
import pytest

from tests.recommender.worlds import random_world
from threads_pipelines.recommender.presets import PACES
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning import search as searching
from threads_pipelines.tuning import starts as starting
from threads_pipelines.tuning import tune as tuning
from threads_pipelines.tuning.folds import Fold, Gains, held_out_folds, in_parts
from threads_pipelines.tuning.search import FEWEST, Search
from threads_pipelines.tuning.starts import spectral_view
from threads_pipelines.tuning.tune import tune

MANY = random_world(3, 1600, 40, 12_000)


def folds_of(most: int = 2500) -> tuple[list[Fold], list[Fold]]:
    return held_out_folds(MANY, np.random.default_rng(0), most)


def test_parts_divide_the_users_of_every_fold() -> None:
    folds, _ = folds_of()
    parts = in_parts(folds)
    assert len(parts) == 3
    for place, fold in enumerate(folds):
        users = [part[place].users for part in parts]
        assert np.array_equal(np.sort(np.concatenate(users)), fold.users)
        assert all((np.diff(some) > 0).all() for some in users)
    few = [Fold(folds[0].fitter, folds[0].split, folds[0].users[:50])]
    assert in_parts(few) == [few]


@pytest.mark.parametrize("most", [200, 2500])
def test_the_final_has_users_that_no_step_has_scored(most: int) -> None:
    folds, final = folds_of(most)
    assert len(folds) == len(final) > 0
    for fold, other in zip(folds, final, strict=True):
        assert not np.intersect1d(fold.users, other.users).size
        assert len(other.users) >= 0.19 * len(fold.users)


class FakeScores:
    """Stands in for fitting and ranking: a mean for each settings, the same noise for a user."""

    def __init__(self, mean: dict[RecommenderSettings, float]) -> None:
        self.mean = mean
        self.scored: dict[RecommenderSettings, int] = dict.fromkeys(mean, 0)

    def __call__(self, fold: Fold, settings: RecommenderSettings) -> Gains:
        self.scored[settings] += len(fold.users)
        wave = 0.01 * np.sin(fold.users + 1000 * self.mean[settings])
        found: Gains = self.mean[settings] + wave
        return found


def test_poor_starts_are_scored_on_a_part_of_the_users_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starts = {
        f"floor {k}": RecommenderSettings().changed({"blend.floor": 0.02 + k / 100})
        for k in range(12)
    }
    default = RecommenderSettings()
    scores = FakeScores({default: 0.2} | {s: 0.1 + 0.02 * k for k, s in enumerate(starts.values())})
    monkeypatch.setattr(searching, "ndcg_of", scores)
    folds, _ = folds_of()
    search = Search(folds, lambda _: None)
    search.start("default", default)
    search.race(starts)
    assert search.best == starts["floor 11"]
    assert {trial.name for trial in search.trials} == {"default", *starts}
    users = sum(len(fold.users) for fold in folds)
    whole = [name for name, settings in starts.items() if scores.scored[settings] == users]
    assert whole == ["floor 11"], "the others are not better on their part"
    assert sum(scores.scored[s] > 0.3 * users for s in starts.values()) <= FEWEST + 1
    tried = len(search.trials)
    assert not search.attempt("again", starts["floor 3"])
    assert len(search.trials) == tried


def test_an_earlier_candidate_that_wins_the_final_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A search that overfits its own users, played by scores that hang on the users."""
    _, final = folds_of()
    unseen = set(np.concatenate([fold.users for fold in final]).tolist())
    pace = PACES["pace_days"]

    def overfitted(fold: Fold, settings: RecommenderSettings) -> Gains:
        others = np.array([user in unseen for user in fold.users.tolist()])
        odd = settings.blend.people_share != RecommenderSettings().blend.people_share
        good = settings.similar_people.vote_half_life_hours is not None
        wave = 0.01 * np.sin(fold.users + 7 * odd)
        return 0.2 + 0.1 * good + np.where(others, -0.1, 0.1) * odd + wave

    monkeypatch.setattr(searching, "ndcg_of", overfitted)
    report = tune(MANY, seed=0)
    kept = {trial.name for trial in report.trials if trial.kept}
    assert "final: winner of the race" in kept
    assert report.chosen.blend.people_share == RecommenderSettings().blend.people_share
    assert report.chosen.similar_people == pace.similar_people or report.chosen in PACES.values()
    assert tuning.NEWCOMERS > 0


def test_the_spectral_view_is_smaller_on_large_data(monkeypatch: pytest.MonkeyPatch) -> None:
    many_posts = random_world(1, 50, 2000, 400)
    assert spectral_view(many_posts)["spectral.rank"] == 64, "a vector for 16 posts, at least 32"
    assert spectral_view(MANY)["spectral.rank"] == 32
    monkeypatch.setattr(starting, "_LARGE", 100)
    small = spectral_view(many_posts)
    assert (small["spectral.rank"], small["spectral.candidates"]) == (32, 100)
