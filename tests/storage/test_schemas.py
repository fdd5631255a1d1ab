"""The app's tables in a schema of any name, also behind a transaction pooler."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, make_url

from tests.storage.app_database import AppDatabase
from tests.storage.pooler import transaction_pooler
from tests.storage.publishing import DAY, FIRST, NIGHT, TTL, feeds, put
from threads_pipelines.database_url import sqlalchemy_url
from threads_pipelines.simulation.database import add_fake_users, remove_oldest
from threads_pipelines.simulation.fake_users import make_fake_users
from threads_pipelines.storage.postgres.contract import create_schema, require_contract
from threads_pipelines.storage.postgres.database import connect
from threads_pipelines.storage.postgres.publishing.purge import purge_expired
from threads_pipelines.storage.postgres.reading.snapshot import read_snapshot


def opened(address: URL, schema: str) -> AppDatabase:
    """The schema as Prisma's address names it."""
    given = address.set(drivername="postgresql").update_query_dict({"schema": schema})
    url = sqlalchemy_url(given.render_as_string(hide_password=False))
    return AppDatabase(connect(url), url)


def live_there(app: AppDatabase, schema: str) -> None:
    """Make the tables, read, publish, purge; nothing may land in another schema."""
    assert create_schema(app.engine)
    assert not create_schema(app.engine)
    assert require_contract(app.engine) == []
    app.users("ann", "bob", "cem", "author")
    app.posts("author", "p1", "p2", "p3", "p4")
    snapshot, _ = read_snapshot(app.engine, int(NIGHT.timestamp()), timedelta(days=400))
    assert list(snapshot.users.ids) == ["ann", "author", "bob", "cem"]
    report = put(app, FIRST)
    assert (report.inserted, report.vacuumed) == (3, True)
    assert put(app, FIRST).unchanged == 3
    report = put(app, [("ann", "p3", 0.9), ("bob", "p1", 0.8)], generated_at=NIGHT + DAY)
    assert (report.inserted, report.updated, report.deleted) == (1, 1, 2)
    assert feeds(app) == {"ann": [("p3", 0.9)], "bob": [("p1", 0.8)]}
    many = [(user, f"p{n}", n / 10) for user in ("ann", "author", "bob") for n in (1, 2, 4)]
    report = put(app, many, generated_at=NIGHT + DAY, shard_rows=3)
    assert (report.shards, report.retries) == (3, 0)
    assert purge_expired(app.engine, NIGHT + DAY + TTL) == 9
    users = make_fake_users(2)
    assert add_fake_users(app.engine, users, ["a", "b"], NIGHT).added == 2
    app.posts(users[0].id, "f1", "f2")
    assert remove_oldest(app.engine, keep_posts=1, keep_rows=0)["post"] == 1
    where = "SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'user_recommendation'"
    assert app.rows(where) == [(schema,)]


@pytest.mark.parametrize("schema", ["Threads", "my-schema", 'we"ird %s', "user"])
def test_the_app_lives_in_a_schema_of_any_name(database_url: str, schema: str) -> None:
    app = opened(make_url(database_url), schema)
    live_there(app, schema)
    app.engine.dispose()


@pytest.mark.parametrize("schema", ["Threads", "public"])
def test_the_app_lives_behind_a_transaction_pooler(
    database_url: str, schema: str, state_dir: Path, tmp_path: Path
) -> None:
    folder = state_dir / tmp_path.name  # where the pooler's own user may read
    folder.mkdir()
    with transaction_pooler(make_url(database_url), folder) as address:
        app = opened(address, schema)
        live_there(app, schema)
        # Another client of the pooler finds nothing of ours in its session.
        other = opened(address, "other").rows
        assert all(other("SELECT current_schema()") == [(None,)] for _ in range(8))
        app.engine.dispose()
