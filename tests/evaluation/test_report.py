import json

import numpy as np
import pytest

from tests.evaluation.build import snapshot
from threads_pipelines.evaluation import baselines
from threads_pipelines.evaluation.evaluate import evaluate, models
from threads_pipelines.evaluation.report import OURS, TRENDING, EvaluationReport
from threads_pipelines.evaluation.splitters import by_time, nights
from threads_pipelines.recommender.settings import RecommenderSettings

HOUR = 3600


def two_communities(seed: int = 0) -> EvaluationReport:
    """Even users read even posts, odd users odd posts; the last is a post that nobody touched."""
    rng = np.random.default_rng(seed)
    events = [
        (u, int(2 * rng.integers(0, 15) + u % 2), int(rng.integers(1, 72)) * HOUR)
        for u in range(40)
        for _ in range(12)
    ]
    events += [(0, 30, 60 * HOUR), (40, 0, 60 * HOUR), (41, 2, 60 * HOUR)]
    whole = snapshot(events, 42, 31, as_of=72 * HOUR, created_at=[1] * 31)
    (night,) = nights(whole, 1)
    settings = RecommenderSettings()
    return evaluate(
        night, models(settings, rng), settings.model_dump(), rng, top_k=20, max_users=1000
    )


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    return two_communities()


def test_known_cold_and_fresh_are_scored_apart(report: EvaluationReport) -> None:
    by_group = {(s.model, s.group): s for s in report.scores}
    assert by_group[(OURS, "cold")].users == 2
    assert by_group[(OURS, "fresh")].pairs == 1
    assert by_group[(OURS, "known")].users > 30
    assert len({s.model for s in report.scores}) == 6
    assert report.pairs == by_group[(OURS, "known")].pairs + by_group[(OURS, "cold")].pairs


def test_similar_people_beat_popularity_where_tastes_differ(report: EvaluationReport) -> None:
    means = {s.model: s.estimates["ndcg@10"] for s in report.scores if s.group == "known"}
    assert means[OURS].mean > means[TRENDING].high
    assert means["popularity"].mean > 0


def test_popularity_is_biased_towards_the_popular_and_chance_is_not(
    report: EvaluationReport,
) -> None:
    bias = {
        s.model: s.estimates["popularity_bias@10"].mean for s in report.scores if s.group == "known"
    }
    assert bias["popularity"] > 0
    assert bias["popularity"] > bias[OURS]
    cold = next(s for s in report.scores if (s.model, s.group) == (OURS, "cold"))
    assert np.isnan(cold.estimates["popularity_bias@10"].mean)
    assert "NaN" not in report.to_json()


def test_the_json_is_plain_and_the_rows_are_flat(report: EvaluationReport) -> None:
    content = json.loads(report.to_json())
    assert "ndcg" not in content
    assert content["settings"] == RecommenderSettings().model_dump(mode="json")
    row = report.rows()[0]
    assert row["ndcg@10_low"] <= row["ndcg@10"] <= row["ndcg@10_high"]
    assert set(report.ndcg) == {s.model for s in report.scores}


def test_the_same_seed_gives_the_same_report(report: EvaluationReport) -> None:
    assert two_communities().to_json() == report.to_json()


def test_a_sample_of_the_users_is_enough() -> None:
    events = [(u, u % 3, 10) for u in range(30)] + [(u, 3, 30) for u in range(30)]
    whole = snapshot(events, 30, 4, created_at=[1] * 4)
    found = evaluate(
        by_time(whole, 20, 40),
        {TRENDING: baselines.recent_popularity},
        {},
        np.random.default_rng(0),
        max_users=7,
    )
    assert [s.users for s in found.scores] == [7, 7, 0, 7]
    assert found.pairs == 7
    assert found.scores[2].estimates == {}
