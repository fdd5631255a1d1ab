"""Settings of the population generator: sizes, rhythm, popularity, funnel.

The defaults describe a small platform: activity and gaps of a fast feed, posts with longer
half-lives, and no post that reaches everybody. ``presets.platform("fast_feed")`` has the parameters
of a real fast feed; ``tools/population_fit.py`` fits those of another platform.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from threads_pipelines.population.behaviour.marginals import Quantiles

Share = Annotated[float, Field(ge=0, le=1)]
Correlation = Annotated[float, Field(ge=-0.99, le=0.99)]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FeedShape(_Settings):
    """Distributions of activity, popularity, gaps and half-lives.

    It describes encounters: the first time that a user acts on a post.
    """

    activity: Quantiles = Field(
        default=Quantiles(
            p=(0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1),
            value=(0.1, 0.12, 0.2, 0.3, 0.5, 0.75, 1.02, 1.75, 2.8, 7.0, 9.8),
        ),
        description="Encounters of a user, relative to the mean",
    )
    popularity: Quantiles = Field(
        default=Quantiles(
            p=(0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1),
            value=(0.03, 0.04, 0.08, 0.11, 0.15, 0.28, 0.8, 2.4, 4.4, 8.6, 49),
        ),
        description="Encounters of a post, relative to the mean",
    )
    reach: float = Field(
        default=0.2, gt=0, le=1, description="Share of the active users that a post reaches at most"
    )
    gap_hours: Quantiles = Field(
        default=Quantiles(
            p=(0, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 1),
            value=(0.0001, 0.0008, 0.015, 0.055, 0.45, 1.5, 9, 30, 54, 80, 130, 240),
        ),
        description="Hours between two consecutive encounters of a user",
    )
    gap_user_share: Share = Field(
        default=0.35, description="Part of the variance of ln(gap) that lies between users"
    )
    half_life_hours: Quantiles = Field(
        default=Quantiles(
            p=(0, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 1),
            value=(0.0015, 0.005, 0.03, 2.4, 28, 200, 420, 520, 600),
        ),
        description="Hours from a post's first encounter until half of its encounters are over",
    )
    half_life_popularity: Correlation = Field(
        default=0.35, description="Rank correlation of a post's half-life with its popularity"
    )
    age_spread: float = Field(
        default=1.0,
        gt=0,
        le=5,
        description="Spread of ln(age / half-life) in a post: the scale of a logistic distribution",
    )
    growth: float = Field(
        default=1.5,
        ge=-10,
        le=10,
        description="Posting grows by exp(growth) from the window's first instant to its last",
    )
    birth_popularity: Correlation = Field(
        default=0.0, description="Rank correlation of a post's birth with its popularity"
    )
    day_amplitude: float = Field(
        default=0.35, ge=0, lt=1, description="Depth of day and night: rate = 1 + amplitude * cos"
    )
    peak_hour: float = Field(default=19.0, ge=0, lt=24, description="Busiest hour of the day, UTC")


class Funnel(_Settings):
    """Rates of the actions after a view: click, like, share, comment, unlike and repeated views."""

    click: Share = Field(default=0.30, description="Share of encounters that are clicked")
    like: Share = Field(default=0.18, description="Share of encounters that are liked")
    share: Share = Field(default=0.04, description="Share of encounters that are shared")
    comment: Share = Field(default=0.05, description="Share of encounters that are commented")
    unlike: Share = Field(default=0.04, description="Share of likes that are taken back")
    repeat_view: float = Field(
        default=0.5, ge=0, le=5, description="Views logged again at a feed reload, per encounter"
    )
    affinity: float = Field(
        default=1.0, ge=0, le=5, description="How much more an interested user acts than another"
    )
    dwell_seconds: float = Field(default=6.0, gt=0, description="Median time that a view lasts")
    no_metadata: Share = Field(default=0.02, description="Share of rows with JSON null as metadata")


class AccountSettings(_Settings):
    """Accounts, authorship and follows."""

    interest_concentration: float = Field(
        default=8.0, gt=0, description="Dirichlet concentration of a user around its archetype"
    )
    silent: Share = Field(default=0.03, description="Share of accounts that never interact")
    top_authors_share: float = Field(
        default=0.8,
        ge=0.1,
        lt=1,
        description="Share of posts by the top 10% of accounts",
    )
    repost: float = Field(default=0.03, ge=0, le=1, description="Reposts per original post")
    follows: float = Field(default=12.0, ge=0, description="Accounts that one follows, on average")
    follow_popularity: float = Field(
        default=0.8,
        ge=0,
        le=3,
        description="Attraction of an account = popularity ** this",
    )
    age_days: float = Field(
        default=120.0, gt=0, description="Mean age of an account before its first activity"
    )
    test_accounts: bool = Field(
        default=True, description="Add the experiment's two test accounts, with a history"
    )
    test_account_topics: tuple[str, ...] = Field(
        default=("travel", "sports"), description="Topics that both test accounts like"
    )
    test_account_encounters: int = Field(
        default=100, ge=1, description="Posts that each test account interacts with"
    )


class PopulationSettings(_Settings):
    """All settings of a synthetic population."""

    seed: int = Field(default=0, ge=0, description="Seed of every random number")
    users: int = Field(default=300, ge=1, le=1_000_000, description="Number of accounts")
    interactions: int = Field(
        default=30_000, ge=0, le=100_000_000, description="Rows of user_interaction"
    )
    window_days: float = Field(
        default=30.0, gt=0, le=3650, description="Days before now in which everything happens"
    )
    interest_strength: float = Field(
        default=4.0, ge=0, le=10, description="How strongly people keep to the topics they like"
    )
    feed: FeedShape = Field(default_factory=FeedShape, description="Rhythm and popularity")
    funnel: Funnel = Field(default_factory=Funnel, description="What follows a view")
    accounts: AccountSettings = Field(
        default_factory=AccountSettings, description="Accounts, authors, follows"
    )
