"""What is held out to judge settings."""

from itertools import islice

import numpy as np

from tests.evaluation.build import snapshot
from threads_pipelines.evaluation import holdout
from threads_pipelines.evaluation.split import DAY


def test_hold_out_takes_the_last_day_of_a_feed() -> None:
    events = [(i % 7, i % 97, i * 3600) for i in range(24 * 7)]
    result = holdout.hold_out(
        snapshot(events, 7, 97, created_at=[1] * 97), np.random.default_rng(0)
    )
    assert result.cut == (24 * 7 - 1) * 3600 - DAY


def test_hold_out_takes_the_last_fifth_where_the_last_day_is_nothing() -> None:
    events = [(i % 7, i % 97, i * 10 * DAY) for i in range(100)]
    result = holdout.hold_out(
        snapshot(events, 7, 97, created_at=[1] * 97), np.random.default_rng(0)
    )
    assert len(result.train.interactions) == 80


def test_hold_out_without_usable_times_takes_random_pairs() -> None:
    events = [(u, p, 5) for u in range(5) for p in range(5)]
    result = holdout.hold_out(snapshot(events, 5, 5), np.random.default_rng(0))
    assert result.relevant.nnz == 5


def test_a_feed_that_doubles_in_a_day_is_judged_on_that_day_too() -> None:
    events = [
        (i % 7, i % 97, 3 * DAY * (i % 40 == 0) // 40 * (i // 40) + 10 * DAY * (i > 160) + i)
        for i in range(400)
    ]
    whole = snapshot(events, 7, 97, created_at=[1] * 97)
    assert 0.5 < holdout.share_of_last_day(whole) < 0.8
    first, second = islice(holdout.validation_splits(whole, np.random.default_rng(0)), 2)
    last = max(at for *_, at in events)
    assert first.cut
    assert second.cut == last - DAY < first.cut


def test_a_further_validation_split_ends_where_the_first_one_learns() -> None:
    events = [(u, (3 * u + k) % 30, 10 * DAY * u + k) for u in range(80) for k in range(8)]
    whole = snapshot(events, 80, 30, created_at=[1] * 30)
    first, second = holdout.validation_splits(whole, np.random.default_rng(0))
    assert second.until
    assert first.cut
    assert second.until <= first.cut


def test_without_times_every_validation_split_is_random() -> None:
    whole = snapshot([(u, p, 0) for u in range(9) for p in range(9)], 9, 9, timed=False)
    splits = list(holdout.validation_splits(whole, np.random.default_rng(0)))
    assert [split.relevant.nnz for split in splits] == [8, 8]
