"""The generated posts of a run, their settings and the use of the text model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from threads_pipelines.content.seeds import SeedPost
from threads_pipelines.content.variations import VARIATION_TYPES

Source = Literal["template", "gemma"]


class ContentSettings(BaseModel):
    """Limits of the text model, and the threshold of near-duplicates."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seed: int = Field(42, ge=0, lt=2**63, description="Seed of every random choice")
    model_texts: int = Field(
        40,
        ge=0,
        description="Posts that the text model is asked to write; templates write the rest",
    )
    model_calls: int = Field(
        80, ge=0, description="Calls of the text model at most, answers from the cache included"
    )
    model_attempts: int = Field(3, ge=1, le=10, description="Attempts per text before a template")
    model_seconds: float = Field(
        150.0, ge=0, allow_inf_nan=False, description="Time for the text model's work, in seconds"
    )
    model_call_seconds: float = Field(
        20.0, gt=0, allow_inf_nan=False, description="Time for one call, in seconds"
    )
    max_near_duplicates: float = Field(
        0.02, ge=0, le=1, description="Largest allowed share of near-duplicate posts"
    )


@dataclass(frozen=True, slots=True)
class GeneratedPost:
    """One post; ``index`` is its permanent number within the run key.

    The posts of the templates do not depend on the total number: a longer run begins with those of
    a shorter one.
    """

    index: int
    seed_id: str
    topic: str
    tags: tuple[str, ...]
    variation: str
    text: str
    source: Source


@dataclass(frozen=True, slots=True)
class ModelUse:
    """Use of the text model in one run.

    Attributes:
        wanted: Number of texts that were requested.
        written: Number of texts that were accepted.
        calls: Number of calls, including answers from the cache.
        refused: Number of refused texts by reason.
        seconds: Duration of the model's work.
        stopped: Why it ended before every text was tried; empty if it did not.
    """

    wanted: int
    written: int
    calls: int
    refused: Mapping[str, int]
    seconds: float
    stopped: str


@dataclass(frozen=True, slots=True)
class GeneratedPosts:
    """The posts in the order of their index, and the use of the model."""

    posts: tuple[GeneratedPost, ...]
    model: ModelUse


def plan(seeds: Sequence[SeedPost], index: int) -> tuple[SeedPost, str]:
    """Choose the seed and the variation type of a post.

    Any ``len(seeds)`` consecutive posts have different seeds, and every seed is combined with every
    type.

    Args:
        seeds: The seed posts.
        index: Number of the post, from 0.

    Returns:
        The seed and the variation type.
    """
    round_, place = divmod(index, len(seeds))
    return seeds[place], VARIATION_TYPES[(place + round_) % len(VARIATION_TYPES)]
