"""Every knob of the recommender, with its range and its default."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

_Hours = Annotated[float, Field(ge=0.01, le=1e6)]
_Cap = Annotated[int, Field(ge=1, le=1_000_000)]


class InteractionWeights(BaseModel):
    """What one event of each type is worth; 0 ignores the type."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    view: float = Field(1.0, ge=0, le=1000, description="Worth of a view.")
    click: float = Field(1.0, ge=0, le=1000, description="Worth of a click.")
    like: float = Field(1.25, ge=0, le=1000, description="Worth of a standing like.")
    share: float = Field(1.5, ge=0, le=1000, description="Worth of a share.")


class RecommenderSettings(BaseModel):
    """How posts are scored; ``tuning.tune`` chooses the values on held-out interactions.

    A post's score for a user is
    ``(people_share·P + (1 − people_share)·S + content_weight·C + recency_weight·R + floor) · B``
    with P, S and C the votes of similar people, the similarity to posts of the user's history and
    the similarity of the text, each scaled by the user's own maximum; R the freshness of the post;
    and B its recent popularity to the power ``popularity_exponent``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    weights: InteractionWeights = Field(
        default_factory=InteractionWeights, description="Worth of an event by its type."
    )
    repeat_gain: float = Field(
        0.1,
        ge=0,
        le=10,
        description="A pair with n events weighs 1 + gain·ln(n) times its strongest event.",
    )

    people_share: float = Field(
        0.25, ge=0, le=1, description="Share of similar people against similar posts (lambda)."
    )
    people_neighbours: int = Field(
        100, ge=0, le=2000, description="Similar people a user has; 0: none."
    )
    people_damping: float = Field(
        0.15, ge=0, le=1, description="Posts count n^(-2·damping) in the cosine between people."
    )
    people_power: float = Field(
        2.0, gt=0, le=5, description="Votes weigh similarity to this power."
    )
    people_shrinkage: float = Field(
        0.0, ge=0, le=1000, description="Added to the squared norm of a neighbour."
    )
    people_weighted: bool = Field(
        False, description="Whether neighbours are found on event weights rather than on pairs."
    )

    post_model: Literal["cosine", "linear"] = Field(
        "cosine", description="Similar posts by co-occurrence, or by the linear model EASE."
    )
    post_neighbours: int = Field(100, ge=1, le=5000, description="Similar posts kept a post.")
    post_user_damping: float = Field(
        0.5, ge=0, le=1, description="A user of n posts counts n^(-2a) in a co-occurrence (a)."
    )
    post_source_damping: float = Field(
        0.3, ge=0, le=1, description="Exponent b1 of the popularity of the post in the history."
    )
    post_target_damping: float = Field(
        0.6, ge=0, le=1, description="Exponent b2 of the popularity of the recommended post."
    )
    post_power: float = Field(0.6, gt=0, le=3, description="Power q of the post similarity.")
    linear_regularisation: float = Field(
        200.0, ge=1e-3, le=1e6, description="Ridge penalty of the linear model."
    )

    profile_half_life_hours: _Hours | None = Field(
        None, description="Half-life of an event in its user's own profile; none: no decay."
    )
    vote_half_life_hours: _Hours | None = Field(
        None, description="Half-life of a neighbour's vote; none: no decay."
    )
    popularity_half_life_hours: _Hours | None = Field(
        None, description="Half-life of an event in a post's popularity; none: no decay."
    )
    popularity_exponent: float = Field(
        0.0, ge=-1, le=2, description="Power of recent popularity that multiplies every score."
    )
    floor: float = Field(
        0.01, ge=1e-6, le=10, description="Score of a post without similarity, before popularity."
    )

    content_weight: float = Field(0.2, ge=0, le=10, description="Weight of text similarity.")
    content_neighbours: int = Field(50, ge=1, le=1000, description="Similar texts kept a post.")
    content_for_all: bool = Field(
        False, description="Whether text similarity also serves posts that people acted on."
    )
    recency_weight: float = Field(0.0, ge=0, le=10, description="Weight of a post's freshness.")
    fresh_half_life_hours: _Hours = Field(24.0, description="Half-life of a post's freshness.")
    author_weight: float = Field(
        1.0,
        ge=0,
        le=100,
        description="Events a fresh post of the most followed author starts with.",
    )
    engagement_weight: float = Field(
        0.5, ge=0, le=100, description="Events that a unit of ln(1 + likes + comments) is worth."
    )
    fresh_every: int = Field(
        10, ge=0, le=1000, description="One place in this many goes to an untouched post; 0: none."
    )
    author_cap: int = Field(
        0, ge=0, le=1000, description="Most posts of one author in a feed, where enough; 0: any."
    )

    exact_reads: float = Field(
        5e8,
        gt=0,
        le=1e15,
        description="Pairs that a search for similar posts or people may read and still be exact.",
    )
    history_cap: _Cap = Field(
        250, description="Beyond that, a user's latest so many posts are the history."
    )
    reads_per_pair: float = Field(
        100.0,
        gt=0,
        le=1e9,
        description="Beyond that, similar people are sought in a random part of the people, so "
        "large that each pair costs this many reads.",
    )
    vote_cap: _Cap = Field(
        100, description="Latest posts of a neighbour that are votes, in such a random part."
    )


def _seed_formula(weights: InteractionWeights) -> RecommenderSettings:
    """0.7 collaborative + 0.2 content + 0.1 recency over ten weighted neighbours."""
    return RecommenderSettings(
        weights=weights,
        repeat_gain=0.0,
        people_share=1.0,
        people_neighbours=10,
        people_damping=0.0,
        people_power=1.0,
        people_weighted=True,
        content_weight=0.2 / 0.7,
        content_for_all=True,
        recency_weight=0.1 / 0.7,
        author_weight=0.0,
        engagement_weight=0.0,
        floor=1e-6,
        fresh_every=0,
    )


SEED_FORMULA: dict[str, RecommenderSettings] = {
    "seed_formula": _seed_formula(InteractionWeights(view=1, click=2, like=5, share=10)),
    "seed_formula_second": _seed_formula(
        InteractionWeights(view=0.1, click=0.3, like=0.7, share=1.0)
    ),
}
"""The seeds' own formula with its two sets of weights: candidates by name, always reported."""

BASELINES: dict[str, RecommenderSettings] = {
    name: RecommenderSettings(
        people_share=1.0,
        people_neighbours=0,
        content_weight=0.0,
        popularity_half_life_hours=hours,
        popularity_exponent=1.0,
        fresh_every=0,
    )
    for name, hours in (("popularity", None), ("recent_popularity", 12.0))
}
"""Rankings without anything personal, as settings of the same engine."""


def _paced(
    votes: float, profile: float, popularity: float, exponent: float = 0.25
) -> RecommenderSettings:
    """Defaults with half-lives in hours."""
    return RecommenderSettings(
        vote_half_life_hours=votes,
        profile_half_life_hours=profile,
        popularity_half_life_hours=popularity,
        popularity_exponent=exponent,
    )


PACES: dict[str, RecommenderSettings] = {
    "pace_hours": _paced(6.0, 48.0, 2.0),
    "pace_days": _paced(48.0, 240.0, 24.0),
    "pace_weeks": _paced(24.0 * 14, 24.0 * 60, 24.0 * 7),
    "pace_months": _paced(24.0 * 90, 24.0 * 180, 24.0 * 30),
}
"""Where the search starts on time-stamped data: how fast interest moves on."""
