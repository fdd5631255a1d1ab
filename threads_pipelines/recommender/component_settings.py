"""Groups of settings, one for each component of the recommender, with ranges and defaults.

A component reads its own group and those of the components that it builds on, and nothing else. The
groups are therefore the cache keys of ``fit.Fitter``.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Hours = Annotated[float, Field(ge=0.01, le=1e6)]
_Cap = Annotated[int, Field(ge=1, le=1_000_000)]


class Group(BaseModel):
    """A frozen group of settings that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class InteractionWeights(Group):
    """Weight of one event of each type; 0 ignores the type."""

    view: float = Field(1.0, ge=0, le=1000, description="Weight of a view.")
    click: float = Field(1.0, ge=0, le=1000, description="Weight of a click.")
    like: float = Field(1.25, ge=0, le=1000, description="Weight of a standing like.")
    share: float = Field(1.5, ge=0, le=1000, description="Weight of a share.")


class EventSettings(Group):
    """How events are merged into user-post pairs, and how many pairs a search may read."""

    weights: InteractionWeights = Field(
        default_factory=InteractionWeights, description="Weight of an event by its type."
    )
    repeat_gain: float = Field(
        0.1,
        ge=0,
        le=10,
        description="A pair with n events weighs 1 + gain·ln(n) times its strongest event.",
    )
    exact_reads: float = Field(
        5e8,
        gt=0,
        le=1e15,
        description="Pairs that a search for similar posts or people may read and still be exact.",
    )
    history_cap: _Cap = Field(
        250, description="Latest posts of a user that count where an exact search costs too much."
    )


class SimilarPeopleSettings(Group):
    """The search for similar people and their votes."""

    neighbours: int = Field(100, ge=0, le=2000, description="Similar people of each user; 0: none.")
    damping: float = Field(
        0.15, ge=0, le=1, description="Posts count n^(-2·damping) in the cosine between people."
    )
    power: float = Field(2.0, gt=0, le=5, description="Votes weigh similarity to this power.")
    shrinkage: float = Field(
        0.0, ge=0, le=1000, description="Added to the squared norm of a neighbour."
    )
    weighted: bool = Field(
        False, description="Find neighbours by event weights instead of by pairs."
    )
    vote_half_life_hours: _Hours | None = Field(
        None, description="Half-life of a neighbour's vote; none: no decay."
    )
    reads_per_pair: float = Field(
        100.0,
        gt=0,
        le=1e9,
        description="Reads for each pair where an exact search costs too much: similar people are "
        "then sought in a random part of the people.",
    )
    vote_cap: _Cap = Field(
        100, description="Latest posts of a neighbour that are votes, in such a random part."
    )


class SimilarPostSettings(Group):
    """The similarity of posts by the people who acted on both."""

    model: Literal["cosine", "linear"] = Field(
        "cosine", description="Similarity by co-occurrence, or by the linear model EASE."
    )
    neighbours: int = Field(100, ge=1, le=5000, description="Similar posts kept for each post.")
    user_damping: float = Field(
        0.5, ge=0, le=1, description="A user of n posts counts n^(-2a) in a co-occurrence (a)."
    )
    source_damping: float = Field(
        0.3, ge=0, le=1, description="Exponent b1 of the popularity of the post in the history."
    )
    target_damping: float = Field(
        0.6, ge=0, le=1, description="Exponent b2 of the popularity of the recommended post."
    )
    power: float = Field(0.6, gt=0, le=3, description="Power q of the post similarity.")
    linear_regularisation: float = Field(
        200.0, ge=1e-3, le=1e6, description="Ridge penalty of the linear model."
    )


class SimilarTextSettings(Group):
    """The similarity of posts by their text."""

    neighbours: int = Field(50, ge=1, le=1000, description="Similar texts kept for each post.")
    for_all: bool = Field(False, description="Compare texts with posts that people acted on, too.")


class PopularitySettings(Group):
    """The recent popularity that multiplies every score."""

    half_life_hours: _Hours | None = Field(
        None, description="Half-life of an event in a post's popularity; none: no decay."
    )
    exponent: float = Field(
        0.0, ge=-1, le=2, description="Power of recent popularity that multiplies every score."
    )
    fresh_half_life_hours: _Hours = Field(24.0, description="Half-life of a post's freshness.")
    author_weight: float = Field(
        1.0,
        ge=0,
        le=100,
        description="Events that a fresh post of the most followed author starts with.",
    )
    engagement_weight: float = Field(
        0.5, ge=0, le=100, description="Events that a unit of ln(1 + likes + comments) is worth."
    )


class BlendSettings(Group):
    """The weights of the parts of a score."""

    people_share: float = Field(
        0.25, ge=0, le=1, description="Share of similar people against similar posts (lambda)."
    )
    text_weight: float = Field(0.2, ge=0, le=10, description="Weight of text similarity.")
    recency_weight: float = Field(0.0, ge=0, le=10, description="Weight of a post's freshness.")
    floor: float = Field(
        0.01, ge=1e-6, le=10, description="Score of a post without similarity, before popularity."
    )
    profile_half_life_hours: _Hours | None = Field(
        None, description="Half-life of an event in its user's own profile; none: no decay."
    )


class SpectralSettings(Group):
    """The spectral view: the leading singular vectors of the matrix of users and posts."""

    share: float = Field(
        0.0, ge=0, le=1, description="Share of the spectral view against the local ones; 0: off."
    )
    rank: int = Field(128, ge=1, le=1024, description="Singular vectors.")
    damping: float = Field(
        0.25, ge=0, le=1, description="Exponent of the popularity of posts in the spectral view."
    )
    candidates: int = Field(
        300, ge=1, le=5000, description="Best posts of the local views that are scored, at most."
    )


class NewcomerSettings(Group):
    """The feed of people without history, and the way from it to the personal ranking."""

    half_life_hours: _Hours | None = Field(
        None, description="Half-life of popularity for people without history; none: no decay."
    )
    share: float = Field(
        0.0,
        ge=0,
        le=0.95,
        description="Share of that popularity in the feed of somebody with one post in the history;"
        " with n posts its n-th power.",
    )


class FeedSettings(Group):
    """The rules for the places of a feed."""

    fresh_every: int = Field(
        10, ge=0, le=1000, description="One place in this many goes to an untouched post; 0: none."
    )
    author_cap: int = Field(
        0, ge=0, le=1000, description="Most posts of one author in a feed, where enough; 0: any."
    )
