"""The app's database with the users and posts of ``crowd``."""

import pytest

from tests.storage.app_database import AppDatabase
from tests.storage.crowd import POSTS, USERS


@pytest.fixture
def crowd(app_database: AppDatabase) -> AppDatabase:
    """The users and posts of ``crowd``."""
    app_database.users(*USERS, "author")
    app_database.posts("author", *POSTS)
    return app_database
