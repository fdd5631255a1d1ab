"""Selects whose feeds a run publishes; the first and the last step share this resource."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import dagster as dg
import pyarrow as pa
from pydantic import Field

from threads_pipelines.errors import ConfigurationError
from threads_pipelines.storage.feeds import unknown_accounts
from threads_pipelines.storage.postgres.publishing.left_without import Decided
from threads_pipelines.storage.tables import of_users

if TYPE_CHECKING:
    import sqlalchemy as sa

_NAMED_AT_MOST = 10


class Audience(dg.ConfigurableResource):
    """Everyone, or a few named accounts; all others keep their feeds."""

    users: list[str] = Field(
        default=[], description="Ids of the accounts whose feeds are published. Empty: everyone's."
    )

    def require(self, engine: "sa.Engine") -> None:
        """Check that the named accounts exist. Call it before any other work.

        Args:
            engine: The app's database.

        Raises:
            ConfigurationError: An id is unknown; the message lists unknown ids.
        """
        unknown = unknown_accounts(engine, self.users)
        if unknown:
            named = ", ".join(map(repr, unknown[:_NAMED_AT_MOST]))
            more = len(unknown) - _NAMED_AT_MOST
            raise ConfigurationError(
                f"audience.users: no account has the id {named}"
                + (f" or {more} more of them" if more > 0 else "")
                + ': give ids of the table "user", not emails or names'
            )

    def of(
        self, tables: Iterable[pa.Table], decided: Decided
    ) -> tuple[Iterable[pa.Table], Decided]:
        """Select the rows of the audience.

        Args:
            tables: Rows with user_id.
            decided: The accounts that the version decided about.

        Returns:
            The selected rows, and the decided accounts of the audience.
        """
        if not self.users:
            return tables, decided
        named = pa.array(self.users, pa.string())
        return of_users(tables, named), Decided(of_users(decided.tables, named))
