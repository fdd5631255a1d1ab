"""The commands on files: recommend and evaluate without any server."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import Snapshot
from threads_pipelines.errors import DataError
from threads_pipelines.evaluation.evaluate import evaluate as evaluate_split
from threads_pipelines.evaluation.evaluate import models
from threads_pipelines.evaluation.holdout import hold_out
from threads_pipelines.evaluation.invariants import Checker, Violations
from threads_pipelines.evaluation.report import EvaluationReport
from threads_pipelines.files.guarding import trust_of_events
from threads_pipelines.files.inputs import Inputs, Progress, read_inputs
from threads_pipelines.files.reading import FileSnapshot
from threads_pipelines.files.writing import write_feeds
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import recommend_chunks
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.tune import tune


@dataclass(frozen=True, slots=True)
class Recommended:
    """Result of ``recommend``: the settings used, what was read, and what was written."""

    settings: RecommenderSettings
    read: FileSnapshot
    written: Violations


def recommend(
    inputs: Inputs,
    out: Path,
    *,
    top_k: int = 50,
    settings: RecommenderSettings | None = None,
    seed: int = 0,
    guard: bool = False,
    progress: Progress,
    note: Progress,
) -> Recommended:
    """Write a feed for every user who gets one.

    Args:
        inputs: The files.
        out: The output file.
        top_k: Length of a feed, at least 1.
        settings: Settings of the recommender. Default: tuned on a validation window.
        seed: Seed of the random choices.
        guard: Whether the engagement guard reduces the weight of doubted posts.
        progress: Called with one sentence before each step.
        note: Called with each sentence that the user should know.

    Returns:
        What was read and written.

    Raises:
        InputFileError: A file is invalid.
        ConfigurationError: ``out`` cannot be written.
        DataError: A feed breaks a rule; nothing is written.
    """
    read = read_inputs(inputs, progress, note)
    snapshot = read.snapshot
    settings = settings or _tuned(snapshot, seed, progress)
    progress("fitting")
    trust = trust_of_events(snapshot, guard, note)
    model = fit(snapshot, settings, seed=seed, progress=progress, trust=trust)
    progress(f"ranking for {int(snapshot.users.receives.sum()):,} users")
    checker = Checker(snapshot, top_k)
    write_feeds(out, _checked(recommend_chunks(model, top_k), checker), snapshot)
    return Recommended(settings, read, checker.finish())


def evaluate(
    inputs: Inputs,
    *,
    top_k: int = 50,
    settings: RecommenderSettings | None = None,
    seed: int = 0,
    guard: bool = False,
    progress: Progress,
    note: Progress,
) -> EvaluationReport:
    """Hold out the end of the file, tune on the rest, and evaluate.

    Without times random pairs are held out.

    Args:
        inputs: The files.
        top_k: Length of the ranked lists.
        settings: Settings of the recommender. Default: tuned on the training side.
        seed: Seed of the random choices.
        guard: Whether the engagement guard reduces the weight of doubted posts.
        progress: Called with one sentence before each step.
        note: Called with each sentence that the user should know.

    Returns:
        The report.

    Raises:
        InputFileError: A file is invalid.
        DataError: No pair can be held out.
    """
    snapshot = read_inputs(inputs, progress, note).snapshot
    rng = np.random.default_rng(seed)
    split = hold_out(snapshot, rng)
    settings = settings or _tuned(split.train, seed, progress)
    return evaluate_split(
        split,
        models(settings, rng, trust_of_events(split.train, guard, note)),
        settings.model_dump(mode="json"),
        rng,
        top_k=top_k,
        progress=progress,
    )


def _checked(chunks: Iterable[ScoredRows], checker: Checker) -> Iterator[ScoredRows]:
    """Pass the rows on; raise before the last of them is in place where a rule was broken."""
    for chunk in chunks:
        checker.add(chunk)
        yield chunk
    outcome = checker.finish()
    if not outcome.passed:
        raise DataError(f"The feeds break a rule and were not written: {outcome.summary()}")


def _tuned(snapshot: Snapshot, seed: int, progress: Progress) -> RecommenderSettings:
    progress("choosing settings on validation")
    return tune(snapshot, seed=seed, progress=progress).chosen
