"""Selects the people of a refresh; its first two steps share this resource."""

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
        """Return the limits in the form that ``people_to_refresh`` takes.

        Returns:
            The limits.
        """
        return RefreshRule(self.active_hours, self.most_people)

    def require(self, engine: "sa.Engine") -> None:
        """Check that the named accounts exist. Call it before any other work.

        Args:
            engine: The app's database.

        Raises:
            ConfigurationError: An id is unknown; the message lists unknown ids.
        """
        Audience(users=self.users).require(engine)
