"""Feeds and evaluations from a file alone: no database, no object storage, no server."""

import warnings
from codecs import BOM_UTF8
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydantic import ValidationError

from threads_pipelines.dataset.scored_rows import ScoredRows
from threads_pipelines.dataset.snapshot import INTERACTION_TYPES, Snapshot
from threads_pipelines.errors import DataError, InputFileError
from threads_pipelines.evaluation.evaluate import evaluate as evaluate_split
from threads_pipelines.evaluation.evaluate import models
from threads_pipelines.evaluation.holdout import hold_out
from threads_pipelines.evaluation.invariants import Checker, Violations
from threads_pipelines.evaluation.report import EvaluationReport
from threads_pipelines.files.formats.options import NO_OPTIONS, FileOptions
from threads_pipelines.files.reading import FileSnapshot, read_snapshot
from threads_pipelines.files.writing import write_feeds
from threads_pipelines.recommender.fit import fit
from threads_pipelines.recommender.model import recommend_chunks
from threads_pipelines.recommender.presets import SEED_FORMULA
from threads_pipelines.recommender.settings import RecommenderSettings
from threads_pipelines.tuning.tune import tune

Progress = Callable[[str], None]
_TYPES_NAMED = 10


@dataclass(frozen=True, slots=True)
class Inputs:
    """Files given by a person, and the instant (epoch seconds UTC) as of which they are read.

    as_of: None for just after the last event, but not after ``now``.
    columns, posts_columns, users_columns: what a person says about each of the files.
    """

    interactions: Path
    posts: Path | None = None
    users: Path | None = None
    as_of: int | None = None
    now: int | None = None
    columns: FileOptions = NO_OPTIONS
    posts_columns: FileOptions = NO_OPTIONS
    users_columns: FileOptions = NO_OPTIONS


@dataclass(frozen=True, slots=True)
class Recommended:
    """What ``recommend`` did: settings used, what was read, what was written."""

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
    progress: Progress,
    note: Progress,
) -> Recommended:
    """Write a feed for every asked user to ``out``; tune on validation without ``settings``.

    progress is told what is going on, note what a person has to know of the files.
    Raises InputFileError for a file that cannot be read, ConfigurationError where ``out`` cannot be
    written.
    """
    read = _read(inputs, progress, note)
    snapshot = read.snapshot
    settings = settings or _tuned(snapshot, seed, progress)
    progress("fitting")
    model = fit(snapshot, settings, seed=seed, progress=progress)
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
    progress: Progress,
    note: Progress,
) -> EvaluationReport:
    """Hold out the end of the file (random pairs where it has no times), tune on the rest, measure.

    Raises InputFileError as ``recommend`` does, and DataError where nothing can be held out.
    """
    snapshot = _read(inputs, progress, note).snapshot
    rng = np.random.default_rng(seed)
    split = hold_out(snapshot, rng)
    settings = settings or _tuned(split.train, seed, progress)
    return evaluate_split(
        split,
        models(settings, rng),
        settings.model_dump(mode="json"),
        rng,
        top_k=top_k,
        progress=progress,
    )


def read_settings(text: str, note: Progress) -> RecommenderSettings:
    """Read settings from a JSON file, or take one of the formulas of the seeds by its name.

    note is told of each setting that the file has under the name of an earlier release.
    Raises InputFileError naming the file and every field at fault.
    """
    if text in SEED_FORMULA:
        return SEED_FORMULA[text]
    path = Path(text)
    try:
        with warnings.catch_warnings(record=True) as old_names:
            warnings.simplefilter("always", FutureWarning)
            content = path.read_bytes().removeprefix(BOM_UTF8)
            settings = RecommenderSettings.model_validate_json(content)
    except OSError as error:
        names = ", ".join(SEED_FORMULA)
        raise InputFileError(
            f"{path} cannot be read ({error.strerror}): name a JSON file of settings, or {names}"
        ) from error
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'the file'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise InputFileError(f"{path}: {faults}") from error
    for warning in old_names:
        note(f"WARNING: {path}: {warning.message}")
    return settings


def _checked(chunks: Iterable[ScoredRows], checker: Checker) -> Iterator[ScoredRows]:
    """Pass the rows on; raise before the last of them is in place where a rule was broken."""
    for chunk in chunks:
        checker.add(chunk)
        yield chunk
    outcome = checker.finish()
    if not outcome.passed:
        raise DataError(f"The feeds break a rule and were not written: {outcome.summary()}")


def _read(inputs: Inputs, progress: Progress, note: Progress) -> FileSnapshot:
    progress(f"reading {inputs.interactions}")
    read = read_snapshot(
        inputs.interactions,
        inputs.posts,
        inputs.users,
        inputs.as_of,
        inputs.now,
        (inputs.columns, inputs.posts_columns, inputs.users_columns),
    )
    for choice in read.choices:
        note(choice)
    _note_types(read, note)
    if read.later:
        note(f"{read.later:,} events are later than the feed and left out")
    snapshot = read.snapshot
    if read.strangers:
        note(_strangers(inputs, read.strangers, int(snapshot.users.receives.sum())))
    if read.later_posts:
        limit = datetime.fromtimestamp(snapshot.as_of, UTC).isoformat()
        note(
            f"{read.later_posts:,} posts of {inputs.posts} are dated after {limit} and left out; "
            "with a later --as-of they are not"
        )
    progress(
        f"{len(snapshot.interactions):,} events, {len(snapshot.users.ids):,} users, "
        f"{len(snapshot.posts.ids):,} posts"
    )
    return read


def _note_types(read: FileSnapshot, note: Progress) -> None:
    fate = "taken as a plain interaction each" if read.all_alike else "ignored"
    unknown = sorted(read.unknown_types.items(), key=lambda item: (-item[1], item[0]))
    for name, count in unknown[:_TYPES_NAMED]:
        note(f"{count:,} events of the unknown type {name!r} are {fate}")
    if rest := unknown[_TYPES_NAMED:]:
        events = sum(count for _, count in rest)
        note(f"{events:,} events of {len(rest):,} more unknown types are {fate}")
    if read.all_alike:
        known = ", ".join(INTERACTION_TYPES)
        note(f"WARNING: no event is a {known}: all events count alike, whatever their type")


def _strangers(inputs: Inputs, strangers: int, asked: int) -> str:
    """Say that people were asked for who have no event."""
    if strangers == asked:
        return (
            f"WARNING: no user of {inputs.users} has an event in {inputs.interactions}: is it the "
            f"right file and column? All {asked:,} get what is trending"
        )
    return (
        f"{strangers:,} of {asked:,} users of {inputs.users} have no event in "
        f"{inputs.interactions}: they get what is trending"
    )


def _tuned(snapshot: Snapshot, seed: int, progress: Progress) -> RecommenderSettings:
    progress("choosing settings on validation")
    return tune(snapshot, seed=seed, progress=progress).chosen
