"""Generates posts from seeds: a limited number by the text model, the others by templates."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from threads_pipelines.content.posts import (
    ContentSettings,
    GeneratedPost,
    GeneratedPosts,
    ModelUse,
    Source,
    plan,
)
from threads_pipelines.content.seeds import MAX_POST_LENGTH, SeedPost
from threads_pipelines.content.text import normalise
from threads_pipelines.content.text_model import TextModel
from threads_pipelines.content.variations import render
from threads_pipelines.content.writer import Tally, write
from threads_pipelines.errors import DataError, TextModelError

Progress = Callable[[str], None]
_ATTEMPTS = 200
_REPORT_EVERY = 2000
_FAILURES_IN_A_ROW = 2


def generate_posts(
    seeds: Sequence[SeedPost],
    count: int,
    settings: ContentSettings,
    connect: Callable[[], TextModel] | None = None,
    progress: Progress | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> GeneratedPosts:
    """Write posts that differ from each other in more than digits, emoji and case.

    The text model writes a limited number; templates write the others. If the model fails or
    exceeds its time, the templates continue, and ``ModelUse.stopped`` has the reason. The same
    seeds, settings and completions give the same posts.

    Args:
        seeds: The seed posts.
        count: Number of posts.
        settings: Seed and limits.
        connect: Opens the text model; None uses templates only.
        progress: Called with one sentence at a time.
        clock: Returns seconds, for the time limit of the model.

    Returns:
        The posts, and the use of the model.

    Raises:
        DataError: The vocabulary cannot yield so many different texts.
    """
    if not seeds or count < 0:
        raise DataError(f"{len(seeds)} seed posts cannot make {count} posts")
    by_model, use = _model_texts(seeds, count, settings, connect, progress, clock)
    texts = template_texts(seeds, count, settings.seed, by_model, progress)
    posts = []
    for index, text in enumerate(texts):
        seed, variation = plan(seeds, index)
        source: Source = "gemma" if index in by_model else "template"
        posts.append(GeneratedPost(index, seed.id, seed.topic, seed.tags, variation, text, source))
    return GeneratedPosts(tuple(posts), use)


def _model_texts(
    seeds: Sequence[SeedPost],
    count: int,
    settings: ContentSettings,
    connect: Callable[[], TextModel] | None,
    progress: Progress | None,
    clock: Callable[[], float],
) -> tuple[dict[int, str], ModelUse]:
    """Let the model write the first posts of the plan, which covers all seeds and types."""
    wanted = min(settings.model_texts, count)
    began, tally, stopped, failures = clock(), Tally(), "", 0
    texts: dict[int, str] = {}
    seen: set[str] = set()
    try:
        model = connect() if connect and wanted else None
    except TextModelError as error:
        model, stopped = None, str(error)
    for index in range(wanted if model else 0):
        left = settings.model_calls - tally.calls
        if left <= 0:
            stopped = f"the budget of {settings.model_calls} calls is spent"
        elif clock() - began > settings.model_seconds:
            stopped = f"the {settings.model_seconds:g} s for the text model are over"
        if stopped or model is None:
            break
        post, variation = plan(seeds, index)
        rng = np.random.default_rng([settings.seed, index, 1])
        attempts = min(settings.model_attempts, left)
        try:
            text = write(
                model, post, variation, rng, tally, attempts, lambda t: normalise(t) not in seen
            )
            failures = 0
        except TextModelError as error:
            text, failures = None, failures + 1
            stopped = str(error) if failures == _FAILURES_IN_A_ROW else ""
        if text is not None:
            texts[index] = text
            seen.add(normalise(text))
        if progress:
            progress(f"text {index + 1} of {wanted}, {len(texts)} by Gemma")
    refused = {reason.value: times for reason, times in sorted(tally.refused.items())}
    use = ModelUse(wanted, len(texts), tally.calls, refused, clock() - began, stopped)
    return texts, use


def template_texts(
    seeds: Sequence[SeedPost],
    count: int,
    seed: int,
    taken: dict[int, str],
    progress: Callable[[str], None] | None = None,
) -> list[str]:
    """Write texts from templates, no two the same.

    Two texts are the same if ``normalise`` gives the same result.

    Args:
        seeds: The seed posts.
        count: Number of texts.
        seed: Seed of the random choices.
        taken: Texts that are given, by index.
        progress: Called with one sentence at a time.

    Returns:
        ``count`` texts, with those of ``taken`` at their index.

    Raises:
        DataError: The vocabulary cannot yield so many different texts.
    """
    seen = {normalise(text) for text in taken.values()}
    texts: list[str] = []
    for index in range(count):
        text = taken.get(index)
        if text is None:
            text = _new_text(seeds, index, seed, seen)
            seen.add(normalise(text))
        texts.append(text)
        if progress and (index + 1) % _REPORT_EVERY == 0:
            progress(f"post {index + 1:,} of {count:,}")
    return texts


def _new_text(seeds: Sequence[SeedPost], index: int, seed: int, seen: set[str]) -> str:
    post, variation = plan(seeds, index)
    rng = np.random.default_rng([seed, index])
    for _ in range(_ATTEMPTS):
        text = render(variation, post, rng)
        if len(text) <= MAX_POST_LENGTH and normalise(text) not in seen:
            return text
    raise DataError(
        f"seed post {post.id!r} yields no further text as {variation} after {index:,} posts: "
        "ask for fewer posts, or add seed posts"
    )
