"""The app's database, empty or with the users and posts of ``crowd``."""

from collections.abc import Iterator

import pytest

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import POSTS, USERS
from threads_pipelines import settings
from threads_pipelines.storage.contract import create_schema
from threads_pipelines.storage.database import connect, session


@pytest.fixture(scope="session")
def _shared_database(postgres_server: str) -> Iterator[AppDatabase]:
    server = connect(settings.sqlalchemy_url(postgres_server))
    with session(server, autocommit=True) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE storage_tests TEMPLATE template0")
    server.dispose()
    url = settings.sqlalchemy_url(postgres_server.replace("/postgres", "/storage_tests"))
    engine = connect(url)
    assert create_schema(engine)
    yield AppDatabase(engine, url)
    engine.dispose()


@pytest.fixture
def app_database(_shared_database: AppDatabase) -> AppDatabase:
    """A database with the app's schema and no rows; the schema is shared: do not alter it."""
    _shared_database.rows('TRUNCATE "user" CASCADE')
    return _shared_database


@pytest.fixture
def own_database(database_url: str) -> Iterator[AppDatabase]:
    """A database with the app's schema that a test may alter."""
    engine = connect(database_url)
    assert create_schema(engine)
    yield AppDatabase(engine, database_url)
    engine.dispose()


@pytest.fixture
def crowd(app_database: AppDatabase) -> AppDatabase:
    """The users and posts of ``crowd``."""
    app_database.users(*USERS, "author")
    app_database.posts("author", *POSTS)
    return app_database
