"""Named settings: the formula of the seeds, the baselines, and starting points of the search."""

from threads_pipelines.recommender.component_settings import (
    BlendSettings,
    EventSettings,
    FeedSettings,
    InteractionWeights,
    NewcomerSettings,
    PopularitySettings,
    SimilarPeopleSettings,
    SimilarTextSettings,
)
from threads_pipelines.recommender.settings import RecommenderSettings


def _seed_formula(weights: InteractionWeights) -> RecommenderSettings:
    """0.7 collaborative + 0.2 content + 0.1 recency over ten weighted neighbours."""
    return RecommenderSettings(
        events=EventSettings(weights=weights, repeat_gain=0.0),
        similar_people=SimilarPeopleSettings(neighbours=10, damping=0.0, power=1.0, weighted=True),
        similar_texts=SimilarTextSettings(for_all=True),
        popularity=PopularitySettings(author_weight=0.0, engagement_weight=0.0),
        blend=BlendSettings(
            people_share=1.0, text_weight=0.2 / 0.7, recency_weight=0.1 / 0.7, floor=1e-6
        ),
        feed=FeedSettings(fresh_every=0),
    )


SEED_FORMULA: dict[str, RecommenderSettings] = {
    "seed_formula": _seed_formula(InteractionWeights(view=1, click=2, like=5, share=10)),
    "seed_formula_second": _seed_formula(
        InteractionWeights(view=0.1, click=0.3, like=0.7, share=1.0)
    ),
}
"""The formula of the seeds with its two sets of weights: candidates by name, always reported."""

BASELINES: dict[str, RecommenderSettings] = {
    name: RecommenderSettings(
        similar_people=SimilarPeopleSettings(neighbours=0),
        popularity=PopularitySettings(half_life_hours=hours, exponent=1.0),
        blend=BlendSettings(people_share=1.0, text_weight=0.0),
        feed=FeedSettings(fresh_every=0),
        newcomers=NewcomerSettings(half_life_hours=hours),
    )
    for name, hours in (("popularity", None), ("recent_popularity", 12.0))
}
"""Rankings without anything personal, as settings of the same engine."""


def _paced(
    votes: float, profile: float, popularity: float, exponent: float = 0.25
) -> RecommenderSettings:
    """Return the default settings with these half-lives in hours."""
    return RecommenderSettings(
        similar_people=SimilarPeopleSettings(vote_half_life_hours=votes),
        popularity=PopularitySettings(half_life_hours=popularity, exponent=exponent),
        blend=BlendSettings(profile_half_life_hours=profile),
    )


WIDE: dict[str, dict[str, object]] = {
    "wide": {
        "similar_posts.user_damping": 0.5,
        "similar_posts.source_damping": 0.5,
        "similar_posts.target_damping": 0.5,
        "similar_posts.power": 1.0,
        "similar_posts.neighbours": 1000,
        "popularity.exponent": 0.1,
    },
    "gentle": {
        "similar_posts.user_damping": 0.3,
        "similar_posts.source_damping": 0.4,
        "similar_posts.power": 1.0,
        "popularity.exponent": 0.25,
        "blend.floor": 0.03,
    },
}
"""Changes that start the search elsewhere: several fields that only pay together."""

PACES: dict[str, RecommenderSettings] = {
    "pace_hours": _paced(6.0, 48.0, 2.0),
    "pace_days": _paced(48.0, 240.0, 24.0),
    "pace_weeks": _paced(24.0 * 14, 24.0 * 60, 24.0 * 7),
    "pace_months": _paced(24.0 * 90, 24.0 * 180, 24.0 * 30),
}
"""Starts of the search on time-stamped data: how fast interest moves on."""
