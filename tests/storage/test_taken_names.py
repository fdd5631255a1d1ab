"""Accounts of this project beside people who hold their names already."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tests.storage.app_database import AppDatabase
from threads_pipelines.dataset import identity
from threads_pipelines.storage.postgres.accounts.add import AddedAccounts, add_accounts
from threads_pipelines.storage.postgres.database import session

IDS = [identity.user_id("taken", index) for index in range(4)]
NAMES = ["ann", "bob", "cem", "dot"]
EMAILS = [identity.user_email("taken", index) for index in range(4)]


def texts(*values: str) -> Any:
    return np.array(values, object)


def add(database: AppDatabase) -> AddedAccounts:
    """Add the four accounts."""
    names, at = texts(*NAMES), np.full(4, 1_700_000_000_000)
    columns = {"id": texts(*IDS), "email": texts(*EMAILS), "username": names, "name": names}
    columns |= {"display_name": names, "bio": names, "created_at": at, "updated_at": at}
    return add_accounts(database.engine, columns)


@pytest.fixture
def app(own_database: AppDatabase) -> AppDatabase:
    return own_database


def usernames(app: AppDatabase) -> dict[str, str]:
    return dict(app.rows('SELECT id, username FROM "user"'))


def test_free_names_are_used_and_a_second_time_adds_nothing(app: AppDatabase) -> None:
    assert add(app) == AddedAccounts(4, {}, ())
    assert usernames(app) == dict(zip(IDS, NAMES, strict=True))
    assert add(app) == AddedAccounts(0, {}, ())


def test_a_taken_username_is_changed_and_a_taken_email_leaves_the_account_out(
    app: AppDatabase,
) -> None:
    app.users("p1", username="ann")
    app.users("p2", username=f"ann_{IDS[0][-12:]}")
    app.users("p3", email=EMAILS[1])
    app.users("p4", username="cem")
    people = usernames(app)
    before = app.rows('SELECT * FROM "user" ORDER BY id')
    made = add(app)
    renamed = {IDS[0]: f"ann_{IDS[0][-12:]}_{IDS[0]}", IDS[2]: f"cem_{IDS[2][-12:]}"}
    assert made == AddedAccounts(3, renamed, (IDS[1],))
    assert usernames(app) == people | renamed | {IDS[3]: "dot"}
    assert app.rows("SELECT * FROM \"user\" WHERE id LIKE 'p%%' ORDER BY id") == before
    assert add(app) == AddedAccounts(0, {}, (IDS[1],))


@pytest.mark.parametrize(
    "key", ["(lower(username))", "(display_name)", "(name) WHERE name IS NOT NULL"]
)
def test_every_unique_key_of_the_app_counts(app: AppDatabase, key: str) -> None:
    app.rows(f'CREATE UNIQUE INDEX ON "user" {key}')
    app.users("p1", username="ANN", display_name="bob", name="cem")
    made = add(app)
    assert (made.added, len(made.renamed), made.left_out) == (4, 1, ())
    assert add(app) == AddedAccounts(0, {}, ())


def test_an_id_with_another_email_is_no_account_of_ours(app: AppDatabase) -> None:
    app.users(IDS[0], email="me@example.org", username="me")
    assert add(app) == AddedAccounts(3, {}, (IDS[0],))
    assert usernames(app)[IDS[0]] == "me"


def test_two_at_once_make_each_account_once_under_its_own_name(app: AppDatabase) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(add, [app, app]))
    assert sum(made.added for made in both) == 4
    assert all(made.renamed == {} and made.left_out == () for made in both)


def test_who_signs_up_meanwhile_is_waited_for(app: AppDatabase) -> None:
    with ThreadPoolExecutor(1) as pool:
        with session(app.engine) as connection, connection.cursor() as cursor:
            cursor.execute(
                'INSERT INTO "user" (id, email, username, updated_at)'
                " VALUES ('p', 'p@example.org', 'ann', now())"
            )
            adding = pool.submit(add, app)
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'transactionid'"
            while app.rows(waiting) == [(0,)]:
                pass
            connection.commit()
        made = adding.result()
    assert made.added == 4
    assert set(made.renamed) == {IDS[0]}
