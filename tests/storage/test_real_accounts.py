"""Nothing synthetic is written beside real accounts unless somebody says that it may be."""

from datetime import UTC, datetime

import pytest

from tests.storage.app_database import AppDatabase
from threads_pipelines.dataset.identity import TEST_ACCOUNTS, user_email
from threads_pipelines.errors import RealAccountsError
from threads_pipelines.simulation.database import add_fake_users
from threads_pipelines.simulation.fake_users import make_fake_users
from threads_pipelines.storage.postgres.accounts.real import (
    count_real_accounts,
    refuse_beside_real_accounts,
)


def test_synthetic_accounts_alone_are_no_reason(app_database: AppDatabase) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    add_fake_users(app_database.engine, make_fake_users(3), ["a", "b", "c"], now)
    assert count_real_accounts(app_database.engine) == 0
    refuse_beside_real_accounts(app_database.engine, allowed=False)


@pytest.mark.parametrize("email", ["ann@example.org", TEST_ACCOUNTS[0], user_email("default", 3)])
def test_a_real_account_is_one_whatever_its_email(app_database: AppDatabase, email: str) -> None:
    app_database.users("ann", email=email)
    with pytest.raises(RealAccountsError, match=r"real accounts \(1\).*--with-real-accounts"):
        refuse_beside_real_accounts(app_database.engine, allowed=False)
    refuse_beside_real_accounts(app_database.engine, allowed=True)
