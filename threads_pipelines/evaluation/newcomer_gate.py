"""The gate for cold users: it compares their feeds with all-time popularity."""

import numpy as np

from threads_pipelines.evaluation.gate import MIN_EVENTS, GateResult, judge
from threads_pipelines.evaluation.report import OURS, POPULARITY, EvaluationReport
from threads_pipelines.recommender.component_settings import NewcomerSettings
from threads_pipelines.recommender.settings import RecommenderSettings


def judge_newcomers(
    report: EvaluationReport, rng: np.random.Generator, *, min_events: int = MIN_EVENTS
) -> GateResult:
    """Compare the feeds of cold users with all-time popularity, as ``judge`` does.

    Args:
        report: The evaluation of the night, with ours and popularity.
        rng: Draws the resamples.
        min_events: Fewest test pairs of cold users for a decision.

    Returns:
        The outcome.
    """
    cold = report.cold
    events = next(s.pairs for s in report.scores if (s.model, s.group) == (OURS, "cold"))
    return judge(
        report.ndcg[OURS][cold],
        report.ndcg[POPULARITY][cold],
        events,
        rng,
        min_events=min_events,
        against=POPULARITY,
        people="users without history",
    )


def with_popularity_for_newcomers(settings: RecommenderSettings) -> RecommenderSettings:
    """Give cold users all-time popularity, and nobody else a share of it.

    Args:
        settings: The settings of the night.

    Returns:
        The same settings with the defaults for newcomers.
    """
    return settings.model_copy(update={"newcomers": NewcomerSettings()})
