"""The permission to write synthetic data beside real accounts."""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from threads_pipelines import settings
from threads_pipelines.storage.postgres.accounts.real import refuse_beside_real_accounts

if TYPE_CHECKING:
    import sqlalchemy as sa


class WritesSyntheticData(dg.ConfigurableResource):
    """A resource whose assets write synthetic data."""

    with_real_accounts: bool | None = Field(
        default=None,
        description="Write synthetic accounts and their content although there are real ones. "
        "Empty: THREADS_WITH_REAL_ACCOUNTS, else no.",
    )

    def require_consent(self, engine: "sa.Engine") -> None:
        """Check that synthetic data may be written beside real accounts, if there are any.

        Args:
            engine: The app's database.

        Raises:
            RealAccountsError: There are real accounts, and it is not allowed.
        """
        require_consent(engine, self.with_real_accounts)


def require_consent(engine: "sa.Engine", asked: bool | None) -> None:
    """Check that synthetic data may be written beside real accounts, if there are any.

    Args:
        engine: The app's database.
        asked: The permission in the run config; None uses that of the environment.

    Raises:
        RealAccountsError: There are real accounts, and it is not allowed.
    """
    allowed = settings.load().with_real_accounts if asked is None else asked
    refuse_beside_real_accounts(engine, allowed=allowed)
