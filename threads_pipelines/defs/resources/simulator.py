"""The run config of the simulation; its assets share this resource."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
import numpy as np
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.content.text_model import TextModel
from threads_pipelines.dataset.as_of import parse_instant
from threads_pipelines.defs.resources.consent import WritesSyntheticData
from threads_pipelines.simulation.fake_users import MOST_FAKE_USERS
from threads_pipelines.simulation.ticks import TickSettings
from threads_pipelines.simulation.writing import open_model

if TYPE_CHECKING:
    pass

_TICK = TickSettings()


class Simulator(WritesSyntheticData):
    """A few fake users who post, like and comment."""

    users: int = Field(
        default=MOST_FAKE_USERS,
        ge=5,
        le=MOST_FAKE_USERS,
        description="Fake users; their interests are sports, tech, anime, cars and food in turn.",
    )
    fewest_posts: int = Field(default=1, ge=0, le=100, description="Posts a run, at least.")
    most_posts: int = Field(default=3, ge=0, le=100, description="Posts a run, at most.")
    fewest_looks: int = Field(
        default=_TICK.fewest_posts, ge=0, le=50, description="Posts that each looks at, at least."
    )
    most_looks: int = Field(
        default=_TICK.most_posts, ge=0, le=50, description="Posts that each looks at, at most."
    )
    view: float = Field(default=_TICK.view, ge=0, description="Weight of only viewing.")
    like: float = Field(default=_TICK.like, ge=0, description="Weight of liking.")
    comment: float = Field(default=_TICK.comment, ge=0, description="Weight of commenting.")
    model_calls: int = Field(
        default=6,
        ge=0,
        le=100,
        description="Calls of the text model a tick: half for posts, half for reactions. Where "
        "accounts are made, so many names at most. Templates write the rest.",
    )
    model_call_seconds: float = Field(
        default=10, gt=0, le=300, description="Time for one call; after one that fails, no more."
    )
    keep_posts: int = Field(
        default=5_000, ge=1, description="Posts of fake users that stay; the oldest go."
    )
    keep_rows: int = Field(
        default=50_000,
        ge=1,
        description="Interactions, likes and comments of fake users that stay, of each.",
    )
    keep_run_hours: float = Field(
        default=48, ge=1, description="Hours that a finished run of the minute's job stays."
    )
    seed: int = Field(default=7, ge=0, description="Seed of every random number, with the time.")
    as_of: str | None = Field(
        default=None, description="Act as of this instant (ISO 8601, UTC). Empty: the run's start."
    )

    def now(self, context: dg.AssetExecutionContext) -> datetime:
        """Return the time of the tick, which is the same in every asset of a run and in a retry.

        Args:
            context: Context of the asset.

        Returns:
            Naive UTC in whole seconds.
        """
        if self.as_of:
            return parse_instant(self.as_of).replace(tzinfo=None)
        record = context.instance.get_run_record_by_id(context.run.run_id)
        created = record.create_timestamp if record else datetime.now(UTC)
        return created.astimezone(UTC).replace(microsecond=0, tzinfo=None)

    def rng(self, now: datetime, asset: int) -> np.random.Generator:
        """Make the random generator of one asset.

        Args:
            now: Time of the tick.
            asset: Number of the asset.

        Returns:
            The generator.
        """
        return np.random.default_rng([self.seed, round(now.timestamp()), asset])

    def model(self, context: dg.AssetExecutionContext) -> tuple[TextModel | None, str]:
        """Open the text model; log the reason if there is none.

        Args:
            context: Context of the asset.

        Returns:
            The model and an empty text, or None and the reason.
        """
        model, reason = open_model(settings.load(), self.model_call_seconds)
        if reason:
            context.log.warning(f"templates write: {reason}")
        return model, reason

    def tick(self) -> TickSettings:
        """Return the behaviour of a fake user; what is not run config has its default.

        Returns:
            The settings of a tick.
        """
        return TickSettings(
            fewest_posts=min(self.fewest_looks, self.most_looks),
            most_posts=self.most_looks,
            view=self.view,
            like=self.like,
            comment=self.comment,
        )

    def posts(self, rng: np.random.Generator) -> int:
        """Draw the number of posts of this run.

        Args:
            rng: Source of randomness.

        Returns:
            The number.
        """
        return int(rng.integers(min(self.fewest_posts, self.most_posts), self.most_posts + 1))
