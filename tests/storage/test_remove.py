"""Synthetic accounts go, with all that is theirs; real ones stay."""

from tests.storage.app_database import AppDatabase
from threads_pipelines.dataset import identity
from threads_pipelines.storage.postgres.accounts.remove import remove_synthetic


def synthetic(database: AppDatabase, run_key: str, index: int) -> str:
    one = identity.user_id(run_key, index)
    database.users(one, email=identity.user_email(run_key, index))
    return one


def people(database: AppDatabase) -> set[str]:
    return {one for (one,) in database.rows('SELECT id FROM "user"')}


def test_only_what_is_proven_synthetic_goes(app_database: AppDatabase) -> None:
    mine = [synthetic(app_database, "default", index) for index in range(5)]
    other = synthetic(app_database, "other", 0)
    app_database.users("ann")
    app_database.users("impostor", email=identity.user_email("default", 9))
    app_database.users(identity.user_id("default", 8), email="real@example.org")
    kept = people(app_database) - set(mine)
    app_database.posts(mine[0], "p")
    app_database.posts("ann", "q")
    pair = {"created_at": "2026-01-05"}
    for one, post in ((mine[1], "p"), (mine[1], "q"), ("ann", "p"), ("ann", "q")):
        row = {"id": f"{one} {post}", "user_id": one, "post_id": post, **pair}
        app_database.insert("like", row)
        app_database.insert("comment", {**row, "content": "!", "updated_at": "2026-01-05"})
        app_database.insert("user_interaction", {**row, "interaction_type": "view"})
        expiring = {key: row[key] for key in ("id", "user_id", "post_id")}
        app_database.insert(
            "user_recommendation", {**expiring, "score": 0.5, "expires_at": "2027-01-01"}
        )
    messages: list[str] = []
    counts = remove_synthetic(app_database.engine, "default", batch=2, progress=messages.append)
    assert people(app_database) == kept
    assert counts["user"] == 5
    assert counts["post"] == 1
    assert counts["user_interaction"] == 2
    assert len(messages) == 3
    for table in ('"like"', "comment", "user_interaction", "user_recommendation"):
        assert app_database.rows(f"SELECT id FROM {table}") == [("ann q",)]
    assert remove_synthetic(app_database.engine, "default")["user"] == 0

    assert remove_synthetic(app_database.engine)["user"] == 1
    assert people(app_database) == kept - {other}


def test_the_test_accounts_go_with_all_others_only(app_database: AppDatabase) -> None:
    email = identity.TEST_ACCOUNTS[0]
    app_database.users(identity.test_account_id(email), email=email)
    assert remove_synthetic(app_database.engine, "default")["user"] == 0
    assert remove_synthetic(app_database.engine)["user"] == 1
