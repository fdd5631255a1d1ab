"""A fit under new settings equals a fit from nothing, whatever was fitted before."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydantic import BaseModel

from tests.recommender.worlds import random_world
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.recommender.component_settings import InteractionWeights
from threads_pipelines.recommender.fit import Fitter, fit
from threads_pipelines.recommender.model import Model
from threads_pipelines.recommender.settings import RecommenderSettings

OTHER_VALUES: dict[str, Any] = {
    "events.weights": InteractionWeights(view=0, click=1, like=1, share=1),
    "events.exact_reads": 1.0,
    "similar_people.weighted": True,
    "similar_posts.model": "linear",
    "similar_texts.for_all": True,
    "newcomers.share": 0.5,
}
CAPPED = {"events.exact_reads": 1.0, "events.history_cap": 3, "blend.text_weight": 0.5}


def texts(seed: int) -> Snapshot:
    rng = np.random.default_rng(seed)
    snapshot = random_world(seed, 40, 30, 300)
    words = np.array([f"word{k}" for k in range(12)])
    content = np.array([" ".join(rng.choice(words, 3)) for _ in range(30)], object)
    return replace(snapshot, posts=replace(snapshot.posts, content=content))


def fields() -> Iterator[str]:
    for group, field in RecommenderSettings.model_fields.items():
        assert isinstance(field.annotation, type)
        assert issubclass(field.annotation, BaseModel)
        for name in field.annotation.model_fields:
            yield f"{group}.{name}"


def other_value(settings: RecommenderSettings, name: str) -> Any:
    group, _, field = name.partition(".")
    value = getattr(getattr(settings, group), field)
    if name in OTHER_VALUES:
        return OTHER_VALUES[name]
    if value is None:
        return 12.0
    return 1 if value == 0 else value * 2 if isinstance(value, int) else value / 2


def same(one: Model, other: Model) -> bool:
    a, b = one.to_arrays(), other.to_arrays()
    return all(np.array_equal(a[name], b[name]) for name in (*a, *b))


@pytest.mark.parametrize("base", [{}, CAPPED], ids=["plain", "capped"])
@pytest.mark.parametrize("name", list(fields()))
def test_no_setting_is_missing_from_the_keys_of_the_cache(name: str, base: dict[str, Any]) -> None:
    snapshot = texts(1)
    before = RecommenderSettings().changed(base)
    after = before.changed({name: other_value(before, name)})
    if name == "events.exact_reads" and base:
        after = before.changed({name: 1e9})
    fitter = Fitter(snapshot)
    fitter.fit(before)
    assert after != before
    assert same(fitter.fit(after), fit(snapshot, after))


def test_texts_are_compared_again_where_histories_are_cut() -> None:
    snapshot = texts(1)
    exact = RecommenderSettings()
    capped = exact.changed({"events.exact_reads": 1.0, "events.history_cap": 1})
    fitter = Fitter(snapshot)
    assert not same(fitter.fit(exact), fitter.fit(capped))
    assert same(fitter.fit(capped), fit(snapshot, capped))
