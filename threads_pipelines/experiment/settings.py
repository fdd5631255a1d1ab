"""Settings of the experiment and its report."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from threads_pipelines.dataset.identity import TEST_ACCOUNTS

Group = Literal["control", "treatment"]

_PINNED: dict[str, Group] = {TEST_ACCOUNTS[0]: "control", TEST_ACCOUNTS[1]: "treatment"}


class ExperimentSettings(BaseModel):
    """Who takes part, and in which group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        "recommended-feed-1",
        min_length=1,
        max_length=100,
        description="Name of the experiment; another name deals the groups anew.",
    )
    enroll_real_accounts: bool = Field(
        False, description="Enrol real people too. Synthetic accounts always are."
    )
    real_share: float = Field(
        1.0,
        ge=0,
        le=1,
        description="Share of the real people that is enrolled, by lot; a larger share keeps those "
        "of a smaller one.",
    )
    pinned: dict[str, Group] = Field(
        default_factory=lambda: dict(_PINNED),
        description="Email or id of accounts that a person put into a group, real ones included. "
        "They are served accordingly and left out of the report, for nobody drew lots.",
    )


class ReportSettings(BaseModel):
    """How exposures are counted and when the report may name a winner."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_gap_minutes: int = Field(
        30, ge=1, le=24 * 60, description="A silence longer than this ends a session of the feed."
    )
    longest_view_seconds: float = Field(
        600.0, gt=0, description="Dwell time counted at most for one view: tabs are left open."
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="Level of the intervals.")
    target_uplift: float = Field(
        0.10, gt=0, le=10, description="Relative uplift that is worth finding."
    )
    power: float = Field(0.80, gt=0.5, lt=1, description="Chance to find it that is asked for.")
    minimum_users: int = Field(
        100, ge=2, description="Exposed users per group below which nothing is concluded."
    )
    planned_users: int | None = Field(
        None,
        ge=2,
        description="Users per group decided on before the start. Without it, half of what the "
        "power statement asks for must be there before a winner is named.",
    )
    mismatch_alpha: float = Field(
        0.001, gt=0, lt=0.5, description="P value below which the groups' sizes are a mismatch."
    )
