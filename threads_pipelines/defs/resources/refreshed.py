"""Whom a refresh serves: one resource, because its first step and its second have to agree."""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from threads_pipelines.defs.resources.audience import Audience
from threads_pipelines.refresh.people import RefreshRule

if TYPE_CHECKING:
    import sqlalchemy as sa

_DEFAULTS = RefreshRule()


class Refreshed(dg.ConfigurableResource):
    """Selects the people to refresh: recently active, without a feed, or named by the user."""

    active_hours: float = Field(
        default=_DEFAULTS.active_hours,
        gt=0,
        le=24 * 31,
        description="Refresh those who acted in so many hours before.",
    )
    most_people: int = Field(
        default=_DEFAULTS.most_people,
        ge=1,
        description="At most so many people, the most recently active first.",
    )
    users: list[str] = Field(
        default=[], description="Ids of accounts that are refreshed whatever they did."
    )

    def rule(self) -> RefreshRule:
        """As ``people_to_refresh`` takes it."""
        return RefreshRule(self.active_hours, self.most_people)

    def require(self, engine: "sa.Engine") -> None:
        """Raise ConfigurationError where an id is no account's: before any work."""
        Audience(users=self.users).require(engine)
