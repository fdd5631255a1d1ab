"""Many posts from few seeds: a budget of texts by the model, the rest by the templates."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from threads_pipelines.content.seeds import MAX_POST_LENGTH, SeedPost
from threads_pipelines.content.text import normalise
from threads_pipelines.content.variations import VARIATION_TYPES, render
from threads_pipelines.errors import DataError

Source = Literal["template", "gemma"]
_ATTEMPTS = 200
_REPORT_EVERY = 2000


@dataclass(frozen=True, slots=True)
class GeneratedPost:
    """One post; ``index`` is its place in the run and names it for ever.

    The first n posts of a longer run are the posts of a run of n.
    """

    index: int
    seed_id: str
    topic: str
    tags: tuple[str, ...]
    variation: str
    text: str
    source: Source


def plan(seeds: Sequence[SeedPost], index: int) -> tuple[SeedPost, str]:
    """Return the seed and the variation type of post ``index``.

    Any ``len(seeds)`` posts in a row have different seeds, and every seed meets every variation.
    """
    round_, place = divmod(index, len(seeds))
    return seeds[place], VARIATION_TYPES[(place + round_) % len(VARIATION_TYPES)]


def template_texts(
    seeds: Sequence[SeedPost],
    count: int,
    seed: int,
    taken: dict[int, str],
    progress: Callable[[str], None] | None = None,
) -> list[str]:
    """Return ``count`` texts, those in ``taken`` (index to text) as they are, no two the same.

    Two texts are the same where ``normalise`` makes them so. Raises DataError where the vocabulary
    cannot yield so many.
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
