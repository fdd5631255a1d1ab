"""Validates a night's data: one judgement for each question, with a limit."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from threads_pipelines.dataset.night import Night
from threads_pipelines.health.drift import population_stability, total_variation

NIGHTS = 7
"""How many earlier partitions tonight is compared with."""
ADVICE = {
    "volume": "does the app still write user_interaction? Compare the counts by hour",
    "types": "did a client release change what is logged? Compare the shares of the types",
    "orphans": "rows refer to users or posts that are not there: look for a missing foreign key",
    "cold_users": "do new accounts arrive without any activity (bots, an import)?",
    "freshness": "the newest interaction is old: is the app's event pipeline standing still?",
    "feeds": "look at the night's log for what was left out, then run the night again",
    "score_drift": "compare model_evaluation with last night's; where it is worse, roll back",
    "coverage_drift": "feeds have narrowed: compare the settings and candidates with last night's",
}
QUESTIONS = {
    "volume": "There are about as many interactions as on the nights before.",
    "types": "The types of interaction have about the shares of the nights before.",
    "orphans": "Hardly any row refers to a user or post that is not there.",
    "cold_users": "Most users have done something inside the look-back window.",
    "freshness": "The newest interaction is recent.",
    "feeds": "Everyone who is to have a feed and has something left to see has one.",
    "score_drift": "Scores are distributed as on the nights before.",
    "coverage_drift": "Feeds draw on as large a share of the posts as on the nights before.",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of the judgements, inclusive."""

    min_interactions: int = 1
    min_volume: float = 0.5
    max_type_shift: float = 0.25
    max_orphan_share: float = 0.01
    max_cold_share: float = 0.8
    max_newest_hours: float = 24.0
    max_unserved_share: float = 0.0
    max_score_drift: float = 0.25
    max_coverage_fall: float = 0.3


@dataclass(frozen=True, slots=True)
class Judgement:
    """The answer to one question; ``sentence`` states the value and the limit."""

    question: str
    passed: bool
    sentence: str

    @property
    def advice(self) -> str:
        """What to check about a failed judgement; empty if it passed."""
        return "" if self.passed else ADVICE[self.question]


def validate(tonight: Night, earlier: Sequence[Night], limits: Limits) -> list[Judgement]:
    """Judge a night on its own and in comparison with earlier nights.

    Args:
        tonight: Counts of the night.
        earlier: Counts of earlier nights, oldest first; the last ``NIGHTS`` are used. Without any,
            the comparisons pass and say that there was nothing to compare with.
        limits: The limits.

    Returns:
        One judgement for each of ``QUESTIONS``, in the same order.
    """
    before = list(earlier)[-NIGHTS:]
    alone = [
        _orphans(tonight, limits),
        _cold(tonight, limits),
        _fresh(tonight, limits),
        _feeds(tonight, limits),
    ]
    compared = [
        judge(tonight, before, limits) for judge in (_volume, _types, _score_drift, _coverage_drift)
    ]
    found = {judgement.question: judgement for judgement in (*alone, *compared)}
    return [found[question] for question in QUESTIONS]


def _volume(night: Night, before: Sequence[Night], limits: Limits) -> Judgement:
    usual = median(other.interactions for other in before) if before else 0
    least = max(limits.min_interactions, limits.min_volume * usual)
    sentence = f"{night.interactions:,} interactions, at least {least:,.0f} expected"
    return Judgement("volume", night.interactions >= least, sentence + _told(before))


def _types(night: Night, before: Sequence[Night], limits: Limits) -> Judgement:
    usual = [sum(other.types[kind] for other in before) for kind in night.types]
    if not night.interactions or not any(usual):
        return Judgement("types", True, "nothing to compare")
    shift = total_variation(usual, list(night.types.values()))
    shares = ", ".join(
        f"{kind} {count / night.interactions:.0%}" for kind, count in night.types.items()
    )
    sentence = f"{shares}; {shift:.3f} away, at most {limits.max_type_shift:g}"
    return Judgement("types", shift <= limits.max_type_shift, sentence + _told(before))


def _orphans(night: Night, limits: Limits) -> Judgement:
    return _share("orphans", night.orphans, night.rows_read, "rows read", limits.max_orphan_share)


def _cold(night: Night, limits: Limits) -> Judgement:
    return _share("cold_users", night.cold_users, night.users, "users", limits.max_cold_share)


def _feeds(night: Night, limits: Limits) -> Judgement:
    unserved = max(night.users - night.users_served - night.nothing_left, 0)
    found = _share("feeds", unserved, night.users, "users", limits.max_unserved_share)
    if not night.nothing_left:
        return found
    said = f"{found.sentence}; {night.nothing_left:,} more have seen every post that could be shown"
    return replace(found, sentence=said)


def _fresh(night: Night, limits: Limits) -> Judgement:
    if night.newest_hours is None:
        return Judgement("freshness", False, "there is no interaction at all")
    sentence = f"{night.newest_hours:.1f} hours old, at most {limits.max_newest_hours:g}"
    return Judgement("freshness", night.newest_hours <= limits.max_newest_hours, sentence)


def _score_drift(night: Night, before: Sequence[Night], limits: Limits) -> Judgement:
    usual = np.sum([other.scores for other in before], axis=0) if before else np.zeros(1)
    if not night.rows or not usual.sum():
        return Judgement("score_drift", True, "nothing to compare")
    index = population_stability(usual, night.scores)
    sentence = f"stability index {index:.3f}, at most {limits.max_score_drift:g}"
    return Judgement("score_drift", index <= limits.max_score_drift, sentence + _told(before))


def _coverage_drift(night: Night, before: Sequence[Night], limits: Limits) -> Judgement:
    usual = median(other.coverage for other in before) if before else 0.0
    least = usual * (1 - limits.max_coverage_fall)
    sentence = f"{night.coverage:.1%} of the posts are in a feed, at least {least:.1%} expected"
    return Judgement("coverage_drift", night.coverage >= least, sentence + _told(before))


def _share(question: str, part: int, whole: int, of: str, limit: float) -> Judgement:
    share = part / whole if whole else 0.0
    sentence = f"{part:,} of {whole:,} {of} ({share:.1%}), at most {limit:.1%}"
    return Judgement(question, share <= limit, sentence)


def _told(before: Sequence[Night]) -> str:
    return f" ({len(before)} nights before)" if before else " (no night before to compare with)"
