"""Which candidates a search keeps."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.recommender.worlds import random_world
from threads_pipelines.evaluation.holdout import hold_out
from threads_pipelines.recommender.model import Fitter
from threads_pipelines.recommender.search import Fold, Search
from threads_pipelines.recommender.settings import RecommenderSettings

GAINS = {100: [0.4, 0.4, 0.1, 0.1], 50: [0.32, 0.32, 0.15, 0.15]}
"""By ``post_neighbours``."""


class FakeGains(Search):
    """Two users in each of two folds, with gains that are given."""

    def gain(self, settings: RecommenderSettings) -> NDArray[np.float64]:
        return np.array(GAINS[settings.post_neighbours])


@pytest.mark.parametrize("levelled", [True, False])
def test_a_levelled_fold_counts_as_if_it_began_where_the_first_does(levelled: bool) -> None:
    snapshot = random_world(1, 20, 20, 200)
    split = hold_out(snapshot, np.random.default_rng(0))
    users = np.array([0, 1], np.int32)
    fold = Fold(Fitter(split.train), split, users)
    other = Fold(fold.fitter, split, users, levelled=levelled)
    search = FakeGains([fold, other], lambda _: None)
    search.start("default", RecommenderSettings())
    assert search.change(post_neighbours=50) == levelled
    assert search.trials[-1].ndcg == pytest.approx(0.235)  # what is reported is not scaled
