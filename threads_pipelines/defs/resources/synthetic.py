"""The run config of the synthetic population; several assets share this resource."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pydantic import Field

from threads_pipelines.dataset.as_of import parse_instant
from threads_pipelines.defs.resources.consent import WritesSyntheticData
from threads_pipelines.errors import ConfigurationError
from threads_pipelines.population.settings import PopulationSettings
from threads_pipelines.simulation import fake_users
from threads_pipelines.storage.s3.objects import ObjectStore
from threads_pipelines.storage.s3.synthetic.run_keys import RunKey, pin_run_key

if TYPE_CHECKING:
    pass


class SyntheticData(WritesSyntheticData):
    """What is generated. The same config gives the same rows; a second run adds nothing."""

    run_key: str = Field(
        default="default",
        description="Name of this population; another name makes another population.",
    )
    pinned_time: str | None = Field(
        default=None,
        description="Generate as of this instant (ISO 8601, UTC). Empty: the first use's.",
    )
    seed: int = Field(default=7, ge=0, description="Seed of every random number.")
    users: int = Field(default=300, ge=1, le=1_000_000, description="Synthetic accounts.")
    posts: int = Field(
        default=2_500, ge=10, le=100_000, description="Original posts; a few reposts come on top."
    )
    interactions: int = Field(
        default=30_000, ge=0, le=100_000_000, description="Rows of user_interaction."
    )
    gemma_texts: int = Field(
        default=40,
        ge=0,
        le=10_000,
        description="Posts that Gemma writes; templates write the others.",
    )
    near_duplicates: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Largest share of posts that may resemble another closely.",
    )

    def pin(self, store: ObjectStore) -> RunKey:
        """Fix the run key's time and settings on S3 at its first use.

        Args:
            store: The bucket.

        Returns:
            The run key.

        Raises:
            ConfigurationError: The run key is invalid, is that of the fake users, or was used with
                other settings.
        """
        if self.run_key == fake_users.RUN_KEY:
            raise ConfigurationError(
                f"run key {self.run_key!r} belongs to the living app's fake users: choose another"
            )
        now = parse_instant(self.pinned_time) if self.pinned_time else datetime.now(UTC)
        shaping = {"seed": self.seed, "users": self.users, "posts": self.posts}
        shaping |= {"interactions": self.interactions, "gemma_texts": self.gemma_texts}
        return pin_run_key(store, self.run_key, now.replace(tzinfo=None), shaping)

    def population(self) -> PopulationSettings:
        """Return the settings of the population; what is not run config has its default.

        Returns:
            The settings.
        """
        return PopulationSettings(seed=self.seed, users=self.users, interactions=self.interactions)
