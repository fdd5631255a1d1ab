"""Settings and models that an earlier release stored are still read."""

import numpy as np
import pytest

from tests.recommender.worlds import random_world
from threads_pipelines.errors import DataError
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.flat_keys import ARRAYS, SETTINGS
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.settings import RecommenderSettings

# What the release before this one stored for its defaults, with four of them changed.
STORED = {
    "weights": {"view": 1.0, "click": 2.0, "like": 5.0, "share": 10.0},
    "repeat_gain": 0.1,
    "people_share": 0.4,
    "people_neighbours": 100,
    "people_damping": 0.15,
    "people_power": 2.0,
    "people_shrinkage": 0.0,
    "people_weighted": False,
    "post_model": "linear",
    "post_neighbours": 1000,
    "post_user_damping": 0.5,
    "post_source_damping": 0.3,
    "post_target_damping": 0.6,
    "post_power": 0.6,
    "linear_regularisation": 200.0,
    "profile_half_life_hours": None,
    "vote_half_life_hours": 48.0,
    "popularity_half_life_hours": None,
    "popularity_exponent": 0.0,
    "floor": 0.01,
    "content_weight": 0.2,
    "content_neighbours": 50,
    "content_for_all": False,
    "recency_weight": 0.0,
    "fresh_half_life_hours": 24.0,
    "author_weight": 1.0,
    "engagement_weight": 0.5,
    "fresh_every": 10,
    "author_cap": 0,
    "exact_reads": 500000000.0,
    "history_cap": 250,
    "reads_per_pair": 100.0,
    "vote_cap": 100,
}
NESTED = RecommenderSettings().changed(
    {
        "events.weights": {"view": 1.0, "click": 2.0, "like": 5.0, "share": 10.0},
        "blend.people_share": 0.4,
        "similar_posts.model": "linear",
        "similar_posts.neighbours": 1000,
        "similar_people.vote_half_life_hours": 48.0,
    }
)


def test_stored_settings_are_read_without_a_warning() -> None:
    assert set(STORED) == set(SETTINGS)
    assert RecommenderSettings.from_stored(STORED) == NESTED
    stored = NESTED.model_dump(mode="json")
    assert RecommenderSettings.from_stored(stored) == NESTED
    stored["newcomers"]["personal_after"] = 3
    assert RecommenderSettings.from_stored(stored) == NESTED


def test_flat_keys_work_with_a_warning_that_names_the_new_key() -> None:
    for old, new in SETTINGS.items():
        message = f"the setting {old} is now {new}"
        with pytest.warns(FutureWarning, match=message):
            found = RecommenderSettings.model_validate({old: STORED[old]})
        group, _, field = new.partition(".")
        assert found.model_dump()[group][field] == STORED[old]


def test_a_new_key_wins_against_its_old_name() -> None:
    both = {"people_share": 0.1, "blend": {"people_share": 0.9}}
    assert RecommenderSettings.from_stored(both).blend.people_share == 0.9


@pytest.mark.parametrize("names", ["new", "old"])
def test_a_stored_model_recommends_as_before(names: str) -> None:
    model = fit(random_world(4, 30, 25, 300), RecommenderSettings())
    arrays = model.to_arrays()
    if names == "old":
        old = {new: old for old, new in ARRAYS.items()}
        arrays = {old.get(name, name): array for name, array in arrays.items()}
        # Matrices without values had no array for them.
        arrays = {name: array for name, array in arrays.items() if "." not in name}
    again = Model.from_arrays(arrays, model.settings)
    one, other = (m.recommend(slice(None), 5) for m in (model, again))
    assert np.array_equal(one.post, other.post)
    assert np.array_equal(one.score, other.score)


def test_a_model_with_indices_out_of_range_is_refused() -> None:
    """Every array of indices, one too high and one too low: compiled code checks no bounds."""
    model = fit(random_world(4, 30, 25, 300), RecommenderSettings())
    arrays = model.to_arrays()
    indices = [
        name
        for name, array in arrays.items()
        if array.dtype.kind == "i" and len(array) and name != "posts.recent_user_count"
    ]
    assert len(indices) >= 12
    for name in indices:
        for value in (-2, 10_000):
            wrong = arrays[name].copy()
            wrong[len(wrong) // 2] = value
            with pytest.raises(DataError, match=f"the model's {name}.*: train the model again"):
                Model.from_arrays({**arrays, name: wrong}, model.settings)


def test_a_model_whose_arrays_do_not_fit_is_refused() -> None:
    model = fit(random_world(4, 30, 25, 300), RecommenderSettings())
    arrays = model.to_arrays()
    for name, array in arrays.items():
        if name in {"user_ids", "post_ids"} or not len(array):
            continue
        with pytest.raises(DataError, match="the model"):
            Model.from_arrays({**arrays, name: array[:-1]}, model.settings)
        if array.dtype.kind == "f" and array.size:
            wrong = array.copy()
            wrong[0] = np.nan
            with pytest.raises(DataError, match=f"the model's {name} is not finite"):
                Model.from_arrays({**arrays, name: wrong}, model.settings)
    for name in ("history.start", "posts.author", "receives"):
        rest = {other: array for other, array in arrays.items() if other != name}
        with pytest.raises(DataError, match=f"the model lacks '{name}'"):
            Model.from_arrays(rest, model.settings)
