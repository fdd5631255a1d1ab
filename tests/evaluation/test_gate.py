import numpy as np
import pytest

from threads_pipelines.evaluation.gate import judge


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
