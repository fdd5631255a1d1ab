import numpy as np
import pytest

from tests.evaluation.build import snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.gate import NOT_JUDGED, judge, judged_day, settings_to_publish
from threads_pipelines.evaluation.split import DAY
from threads_pipelines.recommender.presets import BASELINES, PACES
from threads_pipelines.recommender.settings import RecommenderSettings


def test_the_same_lists_pass() -> None:
    vector = np.random.default_rng(0).random(500)
    result = judge(vector, vector, 900, np.random.default_rng(1))
    assert (result.decision, result.difference, result.low, result.high) == ("pass", 0, 0, 0)


@pytest.mark.parametrize(("gain", "decision"), [(0.05, "pass"), (-0.05, "fail"), (-0.001, "pass")])
def test_it_fails_only_where_ours_is_measurably_worse(gain: float, decision: str) -> None:
    rng = np.random.default_rng(2)
    trending = rng.random(400)
    ours = trending + gain + rng.normal(0, 0.1, 400)
    result = judge(ours, trending, 900, np.random.default_rng(3))
    assert result.decision == decision
    assert result.low <= result.difference <= result.high
    assert result.difference == pytest.approx(result.ours - result.trending)
    assert result.may_publish == (decision == "pass")
    assert f"{result.ours:.4f}" in result.sentence()


@pytest.mark.parametrize(("users", "events"), [(49, 900), (400, 199)])
def test_too_little_to_judge_by_never_fails(users: int, events: int) -> None:
    result = judge(np.zeros(users), np.ones(users), events, np.random.default_rng(0))
    assert result.decision == "not_enough_events"
    assert result.may_publish
    assert "too few" in result.sentence()


def test_nobody_to_judge_by() -> None:
    result = judge(np.zeros(0), np.zeros(0), 0, np.random.default_rng(0))
    assert (result.decision, result.users) == ("not_enough_events", 0)
    assert np.isnan(result.difference)


def test_what_failed_is_not_published() -> None:
    tonight, active = RecommenderSettings(), PACES["pace_weeks"]
    trending = BASELINES["recent_popularity"]
    failed = judge(np.zeros(400), np.ones(400), 900, np.random.default_rng(0))
    assert not failed.may_publish
    assert settings_to_publish(failed, tonight, active) == (active, "the last active")
    assert settings_to_publish(failed, tonight, tonight) == (trending, "trending")
    assert settings_to_publish(failed, tonight, None) == (trending, "trending")
    for gate in (NOT_JUDGED, judge(np.ones(400), np.zeros(400), 900, np.random.default_rng(0))):
        assert settings_to_publish(gate, tonight, active) == (tonight, "tonight's")


def test_the_judged_day_is_the_last_24_hours() -> None:
    now = 10 * DAY
    events = [(0, 0, now - DAY), (0, 1, now - DAY + 1), (1, 1, now)]
    split = judged_day(snapshot(events, 2, 2, as_of=now, created_at=[1, 1]))
    assert split.train.as_of == now - DAY
    assert split.train.interactions.at.tolist() == [now - DAY]
    assert split.relevant.nnz == 2
    for side in (events[:1], events[1:], []):
        with pytest.raises(DataError):
            judged_day(snapshot(side or [(0, 0, 1)], 2, 2, as_of=now))
